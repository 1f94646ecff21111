import type { Engine } from '../engine/engine.js';
import type { WatchedCall } from '../engine/watch/call-watch.js';
import { readTable } from '../kit/option-table.js';
import { callback, type OptionsOf } from '../native/option-kinds.js';
import { toParts } from './bodies.js';
import { type Call, toPart } from './call.js';
import { givenRate, Log, REPORT } from './diagnose.js';
import { exact } from './readings.js';
import { type DoctorReport, type Finding, Findings } from './report.js';

export type { LogProgress } from '../trace/log-lines.js';
export { type DiagnoseOptions, diagnose } from './diagnose.js';
export { LINTS, type LintName } from './lints.js';
export type { ConversationReport, DoctorReport, Excerpt, Finding, LintReport, PrefillRate } from './report.js';
export { textReport } from './text-report.js';

/** The table of DoctorOptions. */
export const DOCTOR = {
  ...REPORT,
  /** Function that is told of each finding, soon after its call has ended. */
  onFinding: callback<(finding: Finding) => void>(),
};

export interface DoctorOptions extends OptionsOf<typeof DOCTOR> {}

/** Calls that may wait to be looked at; of more it is only said how many. */
const MOST_WAITING = 1_000;

/**
 * Watches the calls of an engine, of its sessions and agents too, and tells of those that could have reused more. It keeps the
 * texts of the latest call of each conversation. It renders prompts where something was lost, and runs nothing. Calls with
 * token ids for a prompt are passed over.
 */
export class Doctor implements AsyncDisposable {
  readonly #findings: Findings;
  readonly #log: Log;
  readonly #onFinding: (finding: Finding) => void;
  readonly #leave: () => void;
  readonly #rateIsGiven: boolean;
  #calls = 0;
  #waiting = 0;
  #passedOver = 0;
  #computed = { tokens: 0, ms: 0, calls: 0 };
  #work: Promise<void> = Promise.resolve();

  /** Watches from now on. Throws INVALID_OPTION, CLOSED. */
  constructor(engine: Engine, given: DoctorOptions = {}) {
    const { texts = false, leastTokens = 32, prefillRate, onFinding = () => {} } = readTable('options', given, DOCTOR);
    this.#findings = new Findings({ texts, leastTokens });
    this.#findings.rate = givenRate(prefillRate);
    this.#rateIsGiven = prefillRate !== undefined;
    this.#onFinding = onFinding;
    this.#log = new Log(this.#findings, exact(engine));
    this.#leave = engine.watchCalls((call) => this.#watched(call));
  }

  /** What was found in the calls that have ended. */
  async report(): Promise<DoctorReport & { callsLeftOut: number }> {
    await this.#work;
    return { ...this.#findings.report(), callsLeftOut: this.#passedOver };
  }

  /** Watches no longer; what was found can still be asked for. Idempotent. */
  async close(): Promise<void> {
    this.#leave();
    await this.#work;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #watched(call: WatchedCall): void {
    const position = ++this.#calls;
    if (call.said === '' || this.#waiting >= MOST_WAITING) {
      this.#passedOver++;
      return;
    }
    this.#waiting++;
    this.#work = this.#work.then(() => this.#look(toCall(call, position)).finally(() => this.#waiting--));
  }

  async #look(call: Call): Promise<void> {
    this.#measure(call);
    const found = await this.#log.add(call).catch(() => undefined); // the engine was closed
    if (!found) this.#passedOver++;
    for (const finding of found ?? []) this.#tell(finding);
  }

  #measure({ cost }: Call): void {
    if (this.#rateIsGiven || !cost || cost.prefillMs <= 0) return;
    const computed = this.#computed;
    computed.tokens += cost.prompt.length - cost.cached;
    computed.ms += cost.prefillMs;
    computed.calls++;
    const how = `measured over ${computed.calls} calls: prompt tokens computed by the time from first step to first token`;
    this.#findings.rate = { tokensPerSecond: (1000 * computed.tokens) / computed.ms, how };
  }

  /** What the caller throws is the program's own, and ends no watch. */
  #tell(finding: Finding): void {
    queueMicrotask(() => this.#onFinding(finding));
  }
}

/** A call of the engine, in its own words. */
function toCall(
  { said, tools, tenant, thinking, schema, prompt, output, text, usage }: WatchedCall,
  position: number,
): Call {
  const settings = { ...(!thinking && { thinking }), ...(schema && { schema }) };
  const parts =
    typeof said === 'string'
      ? [toPart('prompt', 'messages', 'prompt', said)]
      : toParts(
          { tools: tools.map(({ name, description, parameters }) => ({ name, description, parameters })) },
          said.map((message) => ({ ...message })),
        );
  const { cachedTokens: cached, computedTokens: computed, prefillMs, miss } = usage;
  const cost = cached === null ? undefined : { prompt, output, text, cached, computed, prefillMs, reason: miss.reason };
  return { position, shape: 'banyan', conversation: undefined, model: '', tenant, settings, parts, cost };
}
