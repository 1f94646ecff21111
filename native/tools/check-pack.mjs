// What a stranger gets: packs, installs in an empty folder without a compiler, and asks for a first answer.
//   node native/tools/check-pack.mjs            with the prebuilt of a release (npm run prebuildify: minutes without ccache)
//   node native/tools/check-pack.mjs --local    with this machine's own build in its place: seconds
// Prints the seconds from `npm install` to the first answers; fails when they are over 30, or when an answer is another.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const LIMIT_S = 30;
const ANSWER = 'Hello! How can I help?\n';
const PROGRAM = `
import { Engine } from 'banyan';
const engine = await Engine.load();
const { text } = await engine.generate([{ role: 'user', content: 'Hello' }], { temperature: 0 });
console.log(text);
await engine.close();
`;

const scratch = mkdtempSync(path.join(os.tmpdir(), 'banyan-pack-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

/** Only node, npm and a shell: no compiler, no cmake, no git. */
function bareEnvironment() {
  const bin = path.join(scratch, 'bin');
  mkdirSync(bin);
  symlinkSync(process.execPath, path.join(bin, 'node'));
  for (const name of ['npm', 'npx', 'sh']) {
    symlinkSync(execFileSync('which', [name], { encoding: 'utf8' }).trim(), path.join(bin, name));
  }
  const inherited = Object.entries(process.env).filter(([name]) => !/^(npm_|ENGINE_|CC$|CXX$|INIT_CWD)/i.test(name));
  return { ...Object.fromEntries(inherited), PATH: bin };
}

function ran(env, folder, command, ...args) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

function expectRun(what, { status, stdout, stderr }, expected) {
  const fits = expected.status === status && expected.stdout === stdout && (expected.stderr?.test(stderr) ?? true);
  if (fits) return console.log(`ok    ${what}`);
  console.error(
    `WRONG ${what}: exit ${status}\n${stdout}${stderr}\nexpected ${JSON.stringify(expected)} ${expected.stderr ?? ''}`,
  );
  process.exit(1);
}

function prebuilt() {
  if (!process.argv.includes('--local')) {
    execFileSync(process.execPath, [path.join(root, 'native/tools/prebuild.mjs'), 'cpu'], { stdio: 'inherit' });
    return;
  }
  const folder = path.join(root, 'prebuilds', `${process.platform}-${process.arch}`);
  mkdirSync(folder, { recursive: true });
  copyFileSync(path.join(root, 'build/Release/engine.node'), path.join(folder, 'engine.cpu.node'));
}

function pack() {
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', scratch];
  const [packed] = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' }));
  const file = path.join(scratch, packed.filename);
  console.log(
    `${packed.filename}: ${packed.files.length} files, ${(statSync(file).size / 2 ** 20).toFixed(1)} MiB packed`,
  );
  return file;
}

prebuilt();
const tarball = pack();
const env = bareEnvironment();
for (const tool of ['gcc', 'g++', 'cc', 'c++', 'clang', 'cmake', 'ninja', 'make', 'git']) {
  if (!spawnSync(tool, ['--version'], { env }).error) throw new Error(`${tool} is still in the PATH`);
}

const app = path.join(scratch, 'app');
mkdirSync(app);
writeFileSync(path.join(app, 'package.json'), '{ "private": true }\n'); // else npm installs into a node_modules further up
writeFileSync(path.join(app, 'program.mjs'), PROGRAM);
const started = performance.now();
expectRun(
  'npm install',
  { ...ran(env, app, 'npm', 'install', '--no-audit', '--no-fund', tarball), stdout: '' },
  { status: 0, stdout: '' },
);
const installed = performance.now();
expectRun('npx banyan run', ran(env, app, 'npx', 'banyan', 'run', 'Hello', '--temperature', '0'), {
  status: 0,
  stdout: ANSWER,
});
expectRun('a program', ran(env, app, 'node', 'program.mjs'), { status: 0, stdout: ANSWER });
const ended = performance.now();

const esbuild = ['--bundle', 'program.mjs', '--platform=node', '--format=esm', '--log-level=error'];
const bundle = (...more) => {
  execFileSync(path.join(root, 'node_modules/.bin/esbuild'), [...esbuild, ...more, '--outfile=bundle.mjs'], {
    cwd: app,
  });
  return ran(env, app, 'node', 'bundle.mjs');
};
expectRun('a bundle that leaves it out', bundle('--external:banyan'), { status: 0, stdout: ANSWER });
expectRun('a bundle with it says so', bundle(), {
  status: 1,
  stdout: '',
  stderr: /--external:banyan.*NO_NATIVE_ENGINE/s,
});

rmSync(path.join(app, 'node_modules/banyan/prebuilds'), { recursive: true });
const nothing = { status: 1, stdout: '', stderr: /^NO_NATIVE_ENGINE: .*has none prebuilt.*npx banyan-build.*\n$/ };
for (const command of ['run', 'info']) {
  const args = command === 'run' ? [command, 'Hello'] : [command];
  expectRun(`banyan ${command} without the prebuilt says so`, ran(env, app, 'npx', 'banyan', ...args), nothing);
}

const seconds = (from, to) => ((to - from) / 1000).toFixed(1);
console.log(
  `install ${seconds(started, installed)} s + first answers ${seconds(installed, ended)} s (limit ${LIMIT_S})`,
);
if (ended - started > LIMIT_S * 1000) process.exit(1);
