import type { AgentStep } from 'banyan';
import Table from 'cli-table3';
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
  const { promptTokens, cachedTokens, outputTokens, ttftMs } = usage;
  const computed = promptTokens - (cachedTokens ?? 0);
  const names = tools.map(({ call, ok }) => (ok ? call.name : `${call.name} ✗`)).join(' ');
  const toolTime = tools.length > 0 ? toolMs.toFixed(1) : '';
  return [index + 1, promptTokens, cachedTokens ?? '?', computed, outputTokens, ttftMs.toFixed(0), toolTime, names];
}

/** What the whole fleet cost; with a baseline, how much more that is. */
export function fleetSummary(fleet: FleetReport, baseline?: FleetReport): string {
  const lines = [line('Banyan', fleet)];
  if (baseline) {
    const fewer = promptTokens(baseline).computed / Math.max(1, promptTokens(fleet).computed);
    lines.push(line('no cache, no batching', baseline));
    lines.push(
      `${(baseline.wallMs / fleet.wallMs).toFixed(1)}x faster, ${fewer.toFixed(1)}x fewer prompt tokens computed`,
    );
  }
  return lines.join('\n');
}

function line(name: string, fleet: FleetReport): string {
  const { all, cached, computed } = promptTokens(fleet);
  const share = all > 0 ? Math.round((100 * cached) / all) : 0;
  const counts = `${all} prompt tokens, ${cached} cached (${share}%), ${computed} computed`;
  return `${name.padEnd(22)} ${(fleet.wallMs / 1000).toFixed(2).padStart(8)} s   ${counts}`;
}

function promptTokens({ agents }: FleetReport): { all: number; cached: number; computed: number } {
  const all = agents.reduce((sum, { result }) => sum + result.usage.promptTokens, 0);
  const cached = agents.reduce((sum, { result }) => sum + (result.usage.cachedTokens ?? 0), 0);
  return { all, cached, computed: all - cached };
}
