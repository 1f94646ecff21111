#!/usr/bin/env node
// Our changes to llama.cpp as commits: edit them with git, write them back as native/patches/*.patch.
//   node native/tools/patches.mjs edit             native/.build/patches: the pinned commit with one commit a patch on top
//   node native/tools/patches.mjs export           write those commits to native/patches, in their order
//   node native/tools/patches.mjs rebase <commit>  move them onto another commit of llama.cpp; git stops where one does not fit
// A commit's first line is the patch's name: door-* is a way in for our runner, ours to keep; fix-* mends llama.cpp, and its
// body says `Upstream:` with the state there.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const patches = path.join(root, 'native/patches');
const work = path.join(root, 'native/.build/patches');
const identity = ['-c', 'user.name=Banyan', '-c', 'user.email=banyan@localhost', '-c', 'commit.gpgsign=false'];

const git = (...args) =>
  execFileSync('git', [...identity, '-C', work, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

function pinned() {
  const source = readFileSync(path.join(root, 'native/cmake/llama.cmake'), 'utf8');
  const read = (name) => new RegExp(`${name} "([^"]+)"`).exec(source)?.[1] ?? fail(`llama.cmake does not set ${name}`);
  return {
    commit: read('LLAMA_CPP_COMMIT'),
    checkout: path.join(root, `native/.build/llama.cpp-${read('LLAMA_CPP_TAG')}`),
  };
}

function edit() {
  if (existsSync(work)) fail(`${work} is there already: export what it holds, or delete it`);
  const { commit, checkout } = pinned();
  if (!existsSync(checkout)) fail('there is no llama.cpp source yet: npm run build:native');
  execFileSync('git', ['clone', '--quiet', '--no-checkout', checkout, work]);
  git('checkout', '--quiet', '-b', 'patches', commit);
  git('tag', 'base', commit);
  const files = patchFiles();
  git(
    'am',
    '--quiet',
    '--keep-cr',
    '--committer-date-is-author-date',
    ...files.map((name) => path.join(patches, name)),
  );
  console.log(
    `${files.length} patches as commits in ${work}: change them (git rebase -i base), then: node native/tools/patches.mjs export`,
  );
}

function exportPatches() {
  if (!existsSync(work)) fail(`${work} is not there: node native/tools/patches.mjs edit`);
  if (git('status', '--porcelain').trim()) fail(`${work} has changes that are in no commit`);
  const names = git('log', '--reverse', '--format=%s', 'base..patches').split('\n').filter(Boolean);
  const wrong = names.find((name) => !/^(door|fix)-[a-z0-9-]+$/.test(name));
  if (wrong) fail(`the first line of a commit is its patch's name, door-... or fix-..., not "${wrong}"`);
  const out = mkdtempSync(path.join(root, 'native/.build/export-'));
  // Context, whole blob ids and no versions or dates that change by themselves: equal commits give equal files.
  git(
    'format-patch',
    '--quiet',
    '-U3',
    '--full-index',
    '--zero-commit',
    '--no-signature',
    '--no-stat',
    '--no-numbered',
    '--keep-subject',
    '-o',
    out,
    'base..patches',
  );
  for (const name of patchFiles()) rmSync(path.join(patches, name));
  for (const name of readdirSync(out)) renameSync(path.join(out, name), path.join(patches, name));
  rmSync(out, { recursive: true });
  console.log(`${names.length} patches in ${path.relative(root, patches)}`);
}

function rebase(commit) {
  if (!commit) fail('rebase onto which commit?');
  if (!existsSync(work)) edit();
  git('rebase', '--onto', commit, 'base', 'patches');
  git('tag', '--force', 'base', commit);
  console.log(`The patches stand on ${commit}. Set it as LLAMA_CPP_COMMIT in native/cmake/llama.cmake, then export.`);
}

function patchFiles() {
  return readdirSync(patches)
    .filter((name) => name.endsWith('.patch'))
    .sort();
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

const [command, argument] = process.argv.slice(2);
const commands = { edit, export: exportPatches, rebase: () => rebase(argument) };
if (!commands[command]) fail('usage: node native/tools/patches.mjs edit | export | rebase <commit>');
commands[command]();
