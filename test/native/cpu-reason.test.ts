import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const engine = join(root, 'build/Release/engine.node'); // of the build that was made last
const cuda = join(root, 'native/.build/cuda/engine.node');
const cpu = join(root, 'native/.build/cpu/engine.node');

const glibc = () =>
  (process.report.getReport() as { header: { glibcVersionRuntime?: string } }).header.glibcVersionRuntime;

/** What a child process with this engine prints: the addon's words, those of the loaded engine, its answer, its warnings. */
function loaded(binary: string, gpuLayers?: number) {
  const script = `
    import { Engine } from './dist/index.js';
    const warnings = [];
    process.on('warning', ({ code, message }) => warnings.push({ code, message }));
    const engine = await Engine.load(${JSON.stringify({ gpuLayers })});
    const { text } = await engine.generate('Hello', { maxTokens: 4, temperature: 0 });
    const { backend, kernel, cpuReason } = engine.info;
    await engine.close();
    console.log(JSON.stringify({ backend, kernel, cpuReason, text, warnings }));`;
  // No device, also on a machine that has one.
  const env = { ...process.env, ENGINE_BINARY: binary, CUDA_VISIBLE_DEVICES: '' };
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], { cwd: root, env, encoding: 'utf8' });
  expect(run.stderr).not.toMatch(/CUDA error|ggml_cuda_init/); // llama.cpp's own words stay in the log
  expect(run.status, run.stderr).toBe(0);
  return JSON.parse(run.stdout);
}

test.skipIf(!existsSync(cuda))(
  '(npm run build:native -- --cuda) a CUDA build without a device computes on the CPU and says why, once',
  () => {
    const { backend, kernel, cpuReason, text, warnings } = loaded(cuda);
    expect(cpuReason).toMatch(
      /^built for CUDA, but (no NVIDIA driver is installed|no CUDA-capable device is detected)$/,
    );
    expect(backend).toBe('CPU');
    expect(kernel).not.toBe('cuda');
    expect(warnings).toEqual([{ code: 'BANYAN_CPU', message: expect.stringContaining(cpuReason) }]);
    expect(text).toBe(loaded(engine, 0).text);
  },
);

test.skipIf(!existsSync(cuda))('(npm run build:native -- --cuda) no warning where the CPU was asked for', () => {
  expect(loaded(cuda, 0).warnings).toEqual([]);
});

test.skipIf(!existsSync(cpu))('(npm run build:native) an engine for the CPU has no reason to give', () => {
  expect(loaded(cpu)).toMatchObject({ cpuReason: '', warnings: [] });
});

test.skipIf(!existsSync(cpu))(
  '(npm run build:native) a CUDA prebuilt that does not load is passed over, and told',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'banyan-prebuilt-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const prebuilds = join(folder, 'prebuilds', `${process.platform}-${process.arch}`);
    const tag = process.platform !== 'linux' || glibc() ? '' : '.musl';
    mkdirSync(prebuilds, { recursive: true });
    mkdirSync(join(folder, 'native'));
    copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
    copyFileSync(join(root, 'native/index.cjs'), join(folder, 'native/index.cjs'));
    writeFileSync(join(prebuilds, `engine.cuda${tag}.node`), 'no program');
    copyFileSync(cpu, join(prebuilds, `engine.cpu${tag}.node`));
    const { ENGINE_BINARY: _, ENGINE_GPU: __, ...env } = process.env;
    const script = "console.log(require('./native/index.cjs').load().cpuReason)";
    const run = spawnSync(process.execPath, ['-e', script], { cwd: folder, env, encoding: 'utf8' });
    expect(run.stdout).toMatch(/engine\.cuda.*node: .*(invalid|too short|not a)/);
  },
);
