import { expect, test } from 'vitest';
import { runFleet } from '../../examples/fleet/fleet.js';
import { fleetSummary, fleetTable } from '../../examples/fleet/fleet-table.js';
import { fleetView, oneLine } from '../../examples/fleet/fleet-view.js';
import type { AgentEvent } from '../../src/agent/agent-events.js';
import { type Script, scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';

const script: Script = (prompt) =>
  prompt.includes('<|tool|>') ? 'Done.' : callText('c1', 'calculate', '{"expression":"6 * 7"}');
const options = { agents: 3, maxTokens: 64, forceTools: 0, onEvent: () => {} };

test('a fleet runs its agents and reports every step', async () => {
  const events: [number, AgentEvent['type']][] = [];
  const { engine } = scripted(script);
  const report = await runFleet(engine, { ...options, onEvent: (agent, { type }) => events.push([agent, type]) });
  expect(report.agents.map(({ result }) => result.text)).toEqual(['Done.', 'Done.', 'Done.']);
  expect(
    events
      .filter(([, type]) => type === 'finish')
      .map(([agent]) => agent)
      .sort(),
  ).toEqual([0, 1, 2]);
  const table = fleetTable(report);
  expect(table).toContain('How many kilometres are 26 miles?\n'.trim());
  expect(table).toContain('→ Done.');
  expect(table).toContain('calculate');
});

test('the summary compares with the baseline', async () => {
  const fleet = await runFleet(scripted(script).engine, options);
  const slower = { ...fleet, wallMs: fleet.wallMs * 3 };
  expect(fleetSummary(fleet, slower)).toContain('3.0x faster, 1.0x fewer prompt tokens computed');
  expect(fleetSummary(fleet)).not.toContain('faster');
});

test('off a terminal, progress is plain lines', async () => {
  const lines: string[] = [];
  const view = fleetView(3, { isTTY: false, write: (line: string) => lines.push(line) } as never);
  await runFleet(scripted(script).engine, { ...options, onEvent: view.onEvent });
  view.end();
  expect(lines).toHaveLength(9); // a call, a result, an answer for each
  expect(lines.join('')).toContain('calculate gave {"result":42}');
});

test('what a model writes cannot move the cursor', () => {
  expect(oneLine('a\x1b[2J\r\nb')).toBe('a [2J b');
  expect(oneLine('x'.repeat(200), 10)).toBe(`${'x'.repeat(9)}…`);
});
