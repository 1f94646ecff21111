import Table from 'cli-table3';
import type { AgentStep } from '../../agent/agent-events.js';
import type { FleetReport } from './fleet.js';
import { oneLine } from './fleet-view.js';

const HEAD = ['agent', 'step', 'prompt', 'cached', 'computed', 'output', 'TTFT ms', 'tool ms', 'tools'];

/** A row a step, and under each agent its question and answer. */
export function fleetTable({ agents }: FleetReport): string {
  const table = new Table({
    head: HEAD,
    style: { head: [], border: [], compact: true },
    colAligns: HEAD.map(() => 'right'),
  });
  for (const [agent, { question, result }] of agents.entries()) {
    for (const step of result.steps) table.push([agent + 1, ...stepCells(step)]);
    const [asked, answered] = [question, result.text].map((text) => oneLine(text, 78));
    table.push([
      { colSpan: HEAD.length, hAlign: 'left', content: `${asked}\n→ ${answered || `(${result.stopReason})`}` },
    ]);
  }
  return table.toString();
}

function stepCells({ index, usage, tools, toolMs }: AgentStep): (string | number)[] {
  const { promptTokens, cachedTokens, computedTokens, outputTokens, ttftMs } = usage;
  const names = tools.map(({ call, ok }) => (ok ? call.name : `${call.name} ✗`)).join(' ');
  const toolTime = tools.length > 0 ? toolMs.toFixed(1) : '';
  return [index + 1, promptTokens, cachedTokens, computedTokens, outputTokens, ttftMs.toFixed(0), toolTime, names];
}

/** What the whole fleet cost; with a baseline, how much more that is. */
export function fleetSummary(fleet: FleetReport, baseline?: FleetReport): string {
  const lines = [line('Banyan', fleet)];
  if (baseline) {
    const saved = tokens(baseline).computedTokens / Math.max(1, tokens(fleet).computedTokens);
    lines.push(line('no cache, no batching', baseline));
    lines.push(
      `${(baseline.wallMs / fleet.wallMs).toFixed(1)}x faster, ${saved.toFixed(1)}x fewer prompt tokens computed`,
    );
  }
  return lines.join('\n');
}

function line(name: string, fleet: FleetReport): string {
  const { promptTokens, cachedTokens, computedTokens, outputTokens } = tokens(fleet);
  const share = promptTokens > 0 ? Math.round((100 * cachedTokens) / promptTokens) : 0;
  const counts = `${promptTokens} prompt tokens, ${cachedTokens} cached (${share}%), ${computedTokens} computed, ${outputTokens} output`;
  return `${name.padEnd(22)} ${(fleet.wallMs / 1000).toFixed(2).padStart(8)} s   ${counts}`;
}

export function tokens({ agents }: FleetReport) {
  const sum = { promptTokens: 0, cachedTokens: 0, computedTokens: 0, outputTokens: 0 };
  for (const { result } of agents) {
    for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += result.usage[key];
  }
  return sum;
}
