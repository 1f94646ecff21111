import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BUILD = fileURLToPath(new URL('../../native/.build', import.meta.url));

/** Where the build put llama.cpp: a git repository, whatever of it is checked out. */
function sourceTree(): string {
  if (process.env.LLAMA_CPP_DIR) return process.env.LLAMA_CPP_DIR;
  const name = readdirSync(BUILD, { withFileTypes: true }).find(
    (e) => e.isDirectory() && e.name.startsWith('llama.cpp-'),
  );
  if (!name) throw new Error(`no llama.cpp source below ${BUILD}: npm run build:native`);
  return join(BUILD, name.name);
}

/** The chat templates of real models that come with llama.cpp, by file name. */
export function llamaTemplates(): [name: string, source: string][] {
  const tree = sourceTree();
  const git = (...args: string[]) => execFileSync('git', ['-C', tree, ...args], { encoding: 'utf8' });
  const files = git('ls-tree', '--name-only', 'HEAD', 'models/templates/').split('\n');
  return files
    .filter((path) => path.endsWith('.jinja'))
    .map((path) => [path.slice('models/templates/'.length), git('show', `HEAD:${path}`)]);
}
