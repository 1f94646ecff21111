import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Script } from '../../testing/engine/scripted-engine.js';
import { callText, decode } from '../../testing/engine/scripted-text.js';
import { servingScript } from '../../testing/engine/serving.js';
import { AGENTS_MISSING, type AgentSetup, agentPath, agentSetups, MADE, runAgent } from '../support/coding-agents.js';

// Coding agents of npm, each as docs/coding-agents.md sets it up, against a model that does what a script says: it calls the
// agent's shell, reads what came of it, and says that it is done.

const setups = agentSetups(readFileSync('docs/coding-agents.md', 'utf8'));
const COMMAND = `echo banyan > ${MADE}`;

/** Shells of the programs: the tool, and what it takes. */
const SHELLS: Record<string, object> = {
  Bash: { command: COMMAND, description: 'Writes' },
  bash: { command: COMMAND, description: 'Writes' },
  exec_command: { cmd: COMMAND },
  run_shell_command: { command: COMMAND, description: 'Writes', is_background: false },
  run_commands: { commands: [COMMAND] },
};

const answer: Script = (prompt, { chat }) => {
  const tools = chat ? Object.keys(SHELLS).filter((name) => prompt.includes(`"name":"${name}"`)) : [];
  const [shell] = tools;
  if (prompt.includes('<|tool|>')) return { steps: ['(so it is)', 'All ', 'done.'] };
  if (shell === undefined) return 'A file'; // some ask for a title first
  const call = callText('c', shell, JSON.stringify(SHELLS[shell]));
  return { steps: ['(a file)', 'I write ', 'it.', ...(call.match(/.{1,9}/gs) ?? [])] };
};

test('the page sets up all of them', () => {
  expect([...setups.keys()].sort()).toEqual(['claude', 'cline', 'codex', 'opencode', 'pi', 'qwen']);
});

describe.each([...setups])('%s', (name: string, setup: AgentSetup) => {
  const installed = agentPath(name) !== undefined;
  test.skipIf(!installed)(installed ? 'works' : `skipped: ${AGENTS_MISSING}`, { timeout: 120_000 }, async () => {
    await using it = await servingScript(answer);
    it.native.info.maxContext = 1_000_000; // a token of the script is a character
    const { code, output, made } = await runAgent(name, setup, it.url);
    expect(made, output).toBe('banyan\n');
    expect([code, output]).toEqual([0, expect.stringContaining('All done.')]);

    const [asked, told] = it.native.requests.slice(-2).map(({ prompt }) => decode(prompt, true));
    const said = told?.slice(0, asked?.length);
    expect(said, 'the second request goes on from the first').toBe(asked);
    expect(told?.slice(asked?.length)).toMatch(/^\(a file\)I write it\.\[call .*<\|tool\|>/s);
  });
});
