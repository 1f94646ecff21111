import { GRAPHS } from '../../testing/workloads/graphs.js';

/** One call of a graph. It is asked when all that it reads has answered. */
export interface GraphCall {
  readonly name: string;
  /** Instructions of a new conversation. Not together with `follows`. */
  readonly system?: string;
  /** Number of the call whose conversation goes on. */
  readonly follows?: number;
  /** Texts, and numbers of calls whose answers stand in their place. */
  readonly prompt: readonly (string | number)[];
}

/** A graph of model calls, as any runner may read it: a call reads calls before it. */
export interface CallGraph {
  readonly name: string;
  /** How many times sooner than a plain runner we want to be done; undefined: it is measured to be told. */
  readonly target: number | undefined;
  readonly calls: readonly GraphCall[];
}

/** The most calls that can run at a time: those of one depth. */
export function widthOf({ calls }: CallGraph): number {
  const depths: number[] = [];
  for (const { prompt, follows } of calls) {
    const reads = [...prompt, follows].filter((part) => typeof part === 'number');
    depths.push(1 + Math.max(-1, ...reads.map((one) => depths[one] as number)));
  }
  const widths = new Map<number, number>();
  for (const depth of depths) widths.set(depth, (widths.get(depth) ?? 0) + 1);
  return Math.max(...widths.values());
}

/** A report of so many lines, another one for each number. Models of the benchmarks read a token a character or few. */
function report(number: number, lines: number): string {
  const line = (n: number) => `Pier ${n + 1}: ${((n * 7 + number * 3) % 20) + 2} ships, ${(n * 5 + number) % 9} wait.`;
  return Array.from({ length: lines }, (_, n) => line(n)).join('\n');
}

const TEAM = 'You are clerks of a harbour. Answer from the report alone.';

const BRANCHES = 8;
const PARTS = 12;

/** A conversation that has read much, eight questions on it at once, and one about their answers. */
function forkJoin(): CallGraph {
  const trunk: GraphCall = { name: 'trunk', system: TEAM, prompt: [`${report(0, 40)}\nWhat is new?`] };
  const branches = Array.from({ length: BRANCHES }, (_, n): GraphCall => {
    return { name: `branch ${n}`, follows: 0, prompt: [`Pier ${n * 4 + 3}?`] };
  });
  const answers = branches.flatMap((_, n) => [n + 1, '\n']);
  const join: GraphCall = { name: 'join', follows: 0, prompt: [...answers, 'In all?'] };
  return { name: `fork-join of ${BRANCHES} branches`, target: 2, calls: [trunk, ...branches, join] };
}

/** One question about each part, under instructions with examples, and one about all that was found. */
function mapReduce(): CallGraph {
  const examples = `${TEAM}\nReports of last year, to show their form:\n${report(50, 20)}`;
  const maps = Array.from({ length: PARTS }, (_, n): GraphCall => {
    return { name: `map ${n}`, system: examples, prompt: [`${report(n, 4)}\nWhich is full?`] };
  });
  const reduce: GraphCall = {
    ...{ name: 'reduce', system: examples },
    prompt: [...maps.flatMap((_, n) => [n, '\n']), 'In all?'],
  };
  return { name: `map-reduce of ${PARTS} parts`, target: 2, calls: [...maps, reduce] };
}

const AGENTS = 19;

/**
 * Nineteen agents who read one report, and each other's answers in five rounds. What all share stands before a role, as a prefix can be
 * shared only from its beginning; or behind it, where a server that keeps a slot an agent has as much from its slots.
 */
function nineteenAgents(shared: 'before' | 'behind'): CallGraph {
  const shape = GRAPHS['19 agents, 88 operators'] ?? [];
  const facts = `${report(7, 6)}\n`;
  const calls = shape.map((reads, operator): GraphCall => {
    const agent = operator % AGENTS;
    const role = `You are clerk ${agent}, of pier ${(agent % 12) + 1} and of piers where ${agent} ships or more wait.\n`;
    const system = shared === 'before' ? `${TEAM}\n${facts}${role}` : `${TEAM}\n${role}`;
    const said = reads.flatMap((other) => [other, '\n']);
    const question = [...said, `Question ${operator}: pier ${(operator % 12) + 1}?`];
    return { name: `operator ${operator}`, system, prompt: shared === 'before' ? question : [facts, ...question] };
  });
  const name = `${AGENTS} agents, ${calls.length} calls`;
  return shared === 'before'
    ? { name, target: 1.5, calls }
    : { name: `${name}, roles first`, target: undefined, calls };
}

export const COMPARED: readonly CallGraph[] = [
  forkJoin(),
  mapReduce(),
  nineteenAgents('before'),
  nineteenAgents('behind'),
];
