import { Workers } from '../../src/workers/workers.js';
import { type Driven, drive } from '../../testing/drive/drive.js';
import { EngineSystem } from '../../testing/drive/engine-system.js';
import { cpuMsOf } from '../../testing/remote/llama-server.js';
import { median, spread, sum } from '../../testing/statistics.js';
import { fleet } from '../../testing/workloads/fleet.js';
import { CI } from '../../testing/workloads/scale.js';
import { byTurns } from '../by-turns.js';
import { describe, type ModelName, modelPath } from '../models.js';
import { type BenchOptions, type Measured, type Report, setup } from '../report.js';

/** The one that W2 has in `compare`; and a smaller one, of whose time the caller's own work takes more. */
const MODELS = ['60m', '25m'] as const;
const AGENTS = 32;

/** So many workers as a system; each of them has its threads. */
class WorkersSystem extends EngineSystem {
  readonly #workers: Workers;

  private constructor(count: number, workers: Workers) {
    super(count === 1 ? 'one worker' : `${count} workers`, workers.engine);
    this.#workers = workers;
  }

  static async open(count: number, model: ModelName, threads: number): Promise<WorkersSystem> {
    const options = { model: modelPath(model), kvTokens: 65_536, threads };
    return new WorkersSystem(count, await Workers.start({ ...options, count }));
  }

  /** Of each worker so far: requests, and tokens that were computed. */
  loads(): { requests: number; tokens: number }[] {
    return this.#workers.engine.servers().map(({ sent, promptTokens, cachedTokens, outputTokens }) => {
      return { requests: sent, tokens: promptTokens - (cachedTokens ?? 0) + outputTokens };
    });
  }

  /** CPU time so far, in milliseconds: of this process, and of all workers. */
  processesCpuMs(): { driver: number; workers: number } {
    const { user, system } = process.cpuUsage();
    const workers = this.#workers.report().map(({ pid }) => (pid === undefined ? 0 : cpuMsOf(pid)));
    return { driver: (user + system) / 1000, workers: sum(workers) };
  }

  override close(): Promise<void> {
    return this.#workers.close();
  }
}

interface Run {
  seconds: number;
  driverSeconds: number;
  workerSeconds: number;
  hitRate: number;
  /** Of the worker that had most by the one that had least. */
  requestsApart: number;
  tokensApart: number;
}

/** W2 on two workers of a thread each against one of a thread: what a second process is worth. */
export async function benchWorkers({ runs, threads }: BenchOptions): Promise<Report> {
  const each = threads || 1;
  const reports: Measured[] = [];
  for (const model of MODELS) reports.push(await measure(model, runs, each));
  return {
    findings: reports.flatMap(({ findings }) => findings),
    tables: reports.flatMap(({ tables }) => tables),
    setup: {
      ...setup(MODELS.map((model) => `${model}: ${describe(model)}`).join('; '), each, runs),
      workers: 'a process each, over Unix sockets, 65,536 tokens of KV each; the driver is another process',
      contents: 'new ones each run',
    },
  };
}

async function measure(model: ModelName, runs: number, each: number): Promise<Measured> {
  const workload = fleet(CI, 'workers', { agents: AGENTS });
  const systems = [await WorkersSystem.open(1, model, each), await WorkersSystem.open(2, model, each)];
  const measured = await byTurns(systems, runs, async (system, run): Promise<Run> => {
    const before = system.loads();
    const cpu = system.processesCpuMs();
    const driven = await drive(system, workload, { salt: `run ${run} ` }); // what another run had cached is of no use
    const { driver, workers } = system.processesCpuMs();
    const loads = system.loads().map(({ requests, tokens }, at) => ({
      requests: requests - (before[at]?.requests ?? 0),
      tokens: tokens - (before[at]?.tokens ?? 0),
    }));
    return {
      seconds: driven.wallMs / 1000,
      driverSeconds: (driver - cpu.driver) / 1000,
      workerSeconds: (workers - cpu.workers) / 1000,
      hitRate: hitRate(driven),
      requestsApart: apart(loads.map(({ requests }) => requests)),
      tokensApart: apart(loads.map(({ tokens }) => tokens)),
    };
  });
  const [one, two] = measured.map((turn) => turn.runs) as [Run[], Run[]];
  const time = median(two.map(({ seconds }, run) => seconds / (one[run]?.seconds ?? Number.NaN)));
  const hit = median(two.map((run, at) => run.hitRate / (one[at]?.hitRate ?? Number.NaN)));
  const loads = median(two.map(({ requestsApart }) => requestsApart));
  return {
    findings: [
      `${model}: two workers take ${time.toFixed(2)} of one's time for W2 (target 0.60 or less: ${met(time <= 0.6)})`,
      `${model}: they find ${(100 * hit).toFixed(1)}% of what one finds cached (target 95% or more: ${met(hit >= 0.95)})`,
      `${model}: on the shared system prompt the busier one has ${loads.toFixed(2)} of the other's requests (target 1.50 or less: ${met(loads <= 1.5)})`,
    ],
    tables: [
      {
        title: `W2 on ${model}: ${AGENTS} agents x 11 calls, one system prompt`,
        columns: [
          ...['', 'seconds', '+-%', 'CPU s of workers', 'CPU s of driver', 'hit rate'],
          ...['requests, most by least', 'computed tokens, most by least'],
        ],
        rows: measured.map(({ name, runs: own }) => [
          name,
          median(own.map(({ seconds }) => seconds)),
          spread(own.map(({ seconds }) => seconds)),
          median(own.map(({ workerSeconds }) => workerSeconds)),
          median(own.map(({ driverSeconds }) => driverSeconds)),
          median(own.map((run) => run.hitRate)),
          median(own.map((run) => run.requestsApart)),
          median(own.map((run) => run.tokensApart)),
        ]),
      },
    ],
  };
}

const met = (is: boolean) => (is ? 'met' : 'MISSED');

function hitRate({ cachedTokens, promptTokens }: Driven): number {
  return sum(cachedTokens) / sum(promptTokens);
}

function apart(loads: readonly number[]): number {
  return Math.max(...loads) / Math.min(...loads);
}
