import { expect, test } from 'vitest';
import type { FleetReport } from '../../examples/fleet/fleet.js';
import { ENDING_MODEL } from '../../testing/engine/random-engine.js';
import { randomModel } from '../../testing/models/random-model.js';
import { runScript } from '../support/run-script.js';

/** What `npm start -- ...args` runs. */
const start = (...args: string[]) => runScript('examples/fleet/main.ts', args);
const model = ['--model', randomModel(ENDING_MODEL), '--threads', '1'];

const sum = ({ agents }: FleetReport, key: 'promptTokens' | 'cachedTokens') =>
  agents.reduce((total, { result }) => total + (result.usage[key] ?? 0), 0);

test('the fleet shares what the baseline computes again', { timeout: 120_000 }, async () => {
  const { code, stdout, stderr } = await start(
    ...model,
    '--agents',
    '4',
    '--max-tokens',
    '96',
    '--force-tools',
    '1',
    '--json',
  );
  expect(code, stderr).toBe(0);
  const { fleet, baseline } = JSON.parse(stdout) as { fleet: FleetReport; baseline: FleetReport };
  expect(fleet.agents).toHaveLength(4);
  for (const { result } of fleet.agents) expect(result.steps[0]?.tools.length).toBeGreaterThan(0);
  expect(sum(fleet, 'cachedTokens') / sum(fleet, 'promptTokens')).toBeGreaterThan(0.6);
  expect(sum(baseline, 'cachedTokens')).toBe(0);
});

test('a table for people', { timeout: 60_000 }, async () => {
  const { stdout } = await start(...model, '--agents', '2', '--max-tokens', '64', '--force-tools', '1', '--no-compare');
  expect(stdout).toMatch(/agent.*step.*prompt.*cached.*computed.*TTFT ms.*tool ms/);
  expect(stdout).toMatch(/Banyan +[\d.]+ s +\d+ prompt tokens/);
  expect(stdout).not.toContain('faster');
});

test('what is wrong is one line and exit code 1', { timeout: 60_000 }, async () => {
  expect(await start('--agents', '0')).toMatchObject({ code: 1, stderr: expect.stringContaining('whole number') });
  expect(await start('--model', 'nowhere.gguf')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^MODEL_NOT_FOUND: .*nowhere\.gguf.*\n$/),
  });
});
