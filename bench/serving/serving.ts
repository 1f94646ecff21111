import type { BenchOptions, Report } from '../report.js';
import { Clients } from './clients.js';
import { measureFirstToken } from './first-token.js';
import { measureLongAnswers } from './long-answers.js';
import { measureRealStreams } from './real-streams.js';
import { measureTokenCost } from './token-cost.js';

/** What HTTP costs: the clients are another process, on the same machine. */
export async function benchServing({ runs }: BenchOptions): Promise<Report> {
  const clients = new Clients();
  try {
    const cost = await measureTokenCost(runs, clients);
    const real = await measureRealStreams(runs, clients);
    const first = await measureFirstToken(clients);
    const long = await measureLongAnswers(runs, clients);
    const micros = (streams: number) => (cost.http.get(streams) as number).toFixed(1);
    const plain = (cost.plain.get(1_000) as number).toFixed(1);
    return {
      findings: [
        `throughput with 16 streams of a real engine: ${(100 * real.throughput).toFixed(1)}% of in-process (target 97%)`,
        `a token with tools costs ${long.growth.toFixed(2)}x at 10,000 tokens of what it costs at 100 (target 0.8 to 1.2)`,
        `${micros(64)} us of the main thread a streamed token with 64 streams (target 15), ${micros(1_000)} with 1,000 (target 10)`,
        `a plain socket server that writes the same bytes to 1,000 streams takes ${plain} us of those`,
        `${real.micros.toFixed(1)} us with 64 streams of a real engine`,
        `the first token comes ${first.added.toFixed(2)} ms later than in-process, in the median (target 2)`,
      ],
      tables: [cost.table, real.table, first.table, long.table],
      setup: {
        'main thread':
          'CPU time of the thread that runs JavaScript: server, engine binding and all that reads; system calls too',
        clients: 'a process of their own, plain sockets on loopback, a connection a stream',
        'tokens that cost nothing': 'an engine that gives each stream a token a step, 20,000 tokens a second over all',
        repetitions: `${runs}, median; in-process and HTTP take turns`,
      },
    };
  } finally {
    clients.close();
  }
}
