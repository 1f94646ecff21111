import { type Measured, publish } from '../report.js';
import { Clients } from './clients.js';
import { measureFirstToken } from './first-token.js';
import { measureLongAnswers } from './long-answers.js';
import { measureOverload } from './overload.js';
import { measureRealStreams } from './real-streams.js';
import { measureTokenCost } from './token-cost.js';

const MEASURED: Record<string, (runs: number, clients: Clients) => Promise<Measured>> = {
  cost: measureTokenCost,
  real: measureRealStreams,
  first: (_, clients) => measureFirstToken(clients),
  long: measureLongAnswers,
  overload: measureOverload,
};

/** Parts of the benchmark of the server. */
export const SERVING_PARTS = Object.keys(MEASURED);

export interface ServingCommand {
  runs: number;
  parts: readonly string[];
  /** As it was typed, for the report. */
  typed: string;
}

/** What HTTP costs: the clients are another process, on the same machine. Throws RangeError for a part that there is not. */
export async function benchServing({ runs, parts, typed }: ServingCommand): Promise<void> {
  const clients = new Clients();
  const reports: Measured[] = [];
  try {
    for (const part of parts) {
      const measure = MEASURED[part];
      if (!measure) throw new RangeError(`no part ${part}; there are ${SERVING_PARTS.join(', ')}`);
      reports.push(await measure(runs, clients));
    }
  } finally {
    clients.close();
  }
  publish(parts.length === SERVING_PARTS.length ? 'serving' : `serving-${parts.join('-')}`, typed, {
    findings: reports.flatMap(({ findings }) => findings),
    tables: reports.flatMap(({ tables }) => tables),
    setup: {
      'main thread':
        'CPU time of the thread that runs JavaScript: server, engine binding and all that reads; system calls too',
      clients: 'a process of their own, plain sockets on loopback, a connection a stream',
      'tokens that cost nothing': 'an engine that gives each stream a token a step, 20,000 tokens a second over all',
      repetitions: `${runs}, median; in-process and HTTP take turns`,
    },
  });
}
