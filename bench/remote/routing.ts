import { pageKeys } from '../../src/pool/page-keys.js';
import { Place } from '../../src/pool/place.js';
import { Pool } from '../../src/pool/pool.js';
import { median, quantile } from '../../testing/statistics.js';
import { Draw } from '../../testing/workloads/draw.js';
import type { Table } from '../report.js';

const PLACES = 16;
const AGENTS = 10_000;
const SYSTEMS = 8;
const SYSTEM_TOKENS = 2_048;
const FIRST_TOKENS = 2_048;
const TURN_TOKENS = 2_048;
const IN_FLIGHT = 256;
const MEASURED = 10_000;

/** CPU time (a busy machine does not blur it) that it takes to choose where a request goes and to note that it went, with 16 places whose ledgers are full or nearly so. */
export function measureRouting(): Table {
  const draw = new Draw('routing');
  const tokens = (count: number) => Array.from({ length: count }, () => draw.below(150_000));
  const places = Array.from({ length: PLACES }, () => new Place());
  const pool = new Pool(places, () => draw.below(2 ** 30) / 2 ** 30);
  const systems = Array.from({ length: SYSTEMS }, () => tokens(SYSTEM_TOKENS));
  const agents = Array.from({ length: AGENTS }, (_, at) => ({
    program: at + 1,
    prompt: [...(systems[at % SYSTEMS] ?? []), ...tokens(FIRST_TOKENS)],
  }));
  const open: (() => void)[] = [];
  let now = 0;
  const route = ({ program, prompt }: (typeof agents)[number]): number => {
    now++;
    const start = process.cpuUsage();
    const keys = pageKeys('a tenant', prompt);
    const choice = pool.choose({ keys, promptTokens: prompt.length, program }, () => true, now);
    const place = choice && places[choice.index];
    const errand = place?.begin({ keys, promptTokens: prompt.length }, now);
    const { user, system } = process.cpuUsage(start);
    open.push(() => {
      if (!place || !errand) return;
      place.answered(errand, now);
      place.end(errand, null, now);
    });
    if (open.length > IN_FLIGHT) open.shift()?.();
    return (user + system) / 1_000;
  };
  for (const agent of agents) route(agent);
  for (const agent of agents) {
    agent.prompt.push(...tokens(TURN_TOKENS));
    route(agent);
  }
  const times = Array.from({ length: MEASURED }, (_, at) => {
    const agent = agents[draw.below(AGENTS)] ?? { program: 0, prompt: [] };
    return route(at % 7 === 0 ? { ...agent, program: AGENTS + at } : agent); // some are new
  });
  const keys = median(places.map(({ knownPages }) => knownPages));
  return {
    title: `a decision: ${PLACES} places of ${keys} keys each, prompts of ${SYSTEM_TOKENS + FIRST_TOKENS + TURN_TOKENS} tokens`,
    columns: ['decisions', 'median CPU ms', 'p99 CPU ms'],
    rows: [[MEASURED, median(times), quantile(times, 0.99)]],
  };
}
