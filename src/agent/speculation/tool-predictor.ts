import { checkFunction, checkName, invalidOption } from '../../kit/option-checks.js';
import { readTable } from '../../kit/option-table.js';
import { readList } from '../../kit/read-options.js';
import { flag, number, type OptionsOf, other } from '../../native/option-kinds.js';
import { type LearntCall, THE_END } from './call-context.js';
import { fieldsOf } from './fields.js';
import { PastView } from './past-view.js';
import { PatternTable } from './pattern-table.js';
import { readPatterns, writePatterns } from './predictor-file.js';
import { type CallRule, contextsOf, LOOKED_BACK, type PredictedCall, type RunPast } from './run-past.js';

/** The table of ToolPredictorOptions. */
export const TOOL_PREDICTOR = {
  /** Least probability of a call that is begun before the model makes it, 0 to 1. Default 0.8. */
  threshold: number({ min: 0, max: 1, whole: false }, 0.8),
  /** Calls that run ahead at the same time, over all runs that share the predictor, 0 to 1,000. Default 4; 0: it only learns. */
  parallel: number({ min: 0, max: 1_000, whole: true }, 4),
  /** Contexts that are remembered, 1 to 1,000,000; the one that was used longest ago goes. Default 4,096. */
  contexts: number({ min: 1, max: 1_000_000, whole: true }, 4_096),
  /** Rules of your own, asked beside what was learnt: functions from a run's past to the calls that come next. Default: none. */
  rules: other<readonly CallRule[]>('a list of functions', readRules),
  /** Leave to learn from all tenants together: arguments of one may then be tried in runs of another. Default false. */
  shareTenants: flag(false),
};

export interface ToolPredictorOptions extends OptionsOf<typeof TOOL_PREDICTOR> {}

/** A call that is likely enough to be begun. */
export interface LikelyCall extends PredictedCall {
  readonly probability: number;
}

/**
 * Predictor of the calls that come next, by the calls before: which tool, and from where its arguments are copied (fields of
 * results and arguments, words of the input, or always the same). It learns from the runs it is given to, and knows what it
 * foretold right. A context must have come five times before anything is begun by it (4 right of 4 count as 0.8).
 *
 * The idea, as others have it: Speculative Actions (arXiv 2510.04371), speculative tool calls (arXiv 2512.15834), and PASTE
 * (arXiv 2603.18897), from which come contexts of tool names without their payload, and arguments as copies by path.
 */
export class ToolPredictor {
  readonly #threshold: number;
  readonly #parallel: number;
  readonly #rules: readonly CallRule[];
  readonly #shareTenants: boolean;
  readonly #table: PatternTable;
  #running = 0;

  /** Throws INVALID_OPTION. */
  constructor(options: ToolPredictorOptions = {}) {
    const given = readTable('options', options, TOOL_PREDICTOR);
    const { threshold = 0.8, parallel = 4, contexts = 4_096, rules = [], shareTenants = false } = given;
    this.#threshold = threshold;
    this.#parallel = parallel;
    this.#rules = rules;
    this.#shareTenants = shareTenants;
    this.#table = new PatternTable(contexts);
  }

  /**
   * A predictor with what another one had learnt and saved. The file is not trusted: what it foretells is a call like any
   * other, of pure tools only, and its arguments are checked. Rejects with INVALID_OPTION.
   */
  static async load(path: string, options: ToolPredictorOptions = {}): Promise<ToolPredictor> {
    const predictor = new ToolPredictor(options);
    await readPatterns(checkName('path', path), predictor.#table);
    return predictor;
  }

  /**
   * Writes down what was learnt, as JSON, in place of a file of that name. It holds values of arguments, so its owner alone can
   * read it (mode 0600). Rejects with INVALID_OPTION.
   */
  save(path: string): Promise<void> {
    return writePatterns(checkName('path', path), this.#table);
  }

  /** Contexts that are remembered. */
  get contexts(): number {
    return this.#table.length;
  }

  /** Calls that are likely enough: those of the rules, then the one that was learnt, and the ones behind it in the same turn. */
  predict(past: RunPast, tenant = ''): LikelyCall[] {
    const ruled = this.#rules.flatMap((rule) => called(rule, past));
    return [...ruled, ...this.#chain(past, tenant)].filter(({ probability }) => probability >= this.#threshold);
  }

  /**
   * The model's turn is over: it made these calls. `pure`: the tools whose arguments are learnt. `ended`: by itself, so that what
   * did not come was not wanted.
   */
  learn(past: RunPast, calls: readonly { name: string; input?: unknown }[], turn: LearntTurn): void {
    const tenant = this.#tenant(turn.tenant ?? '');
    const soFar = [...past.calls];
    const learn = (call: LearntCall) => {
      const now = { input: past.input, calls: soFar.slice(-LOOKED_BACK) };
      const view = new PastView(now);
      for (const name of contextsOf(now)) this.#table.change(tenant, name, (context) => context.learn(call, view));
    };
    for (const { name, input } of calls) {
      const { fields, whole } = turn.pure.has(name) && input !== undefined ? fieldsOf(input) : NOT_LEARNT;
      learn({ tool: name, fields: whole ? fields : undefined });
      soFar.push({ name, input, result: undefined, ok: true });
    }
    if (turn.ended) learn(THE_END);
  }

  /** Leave for one more call to run ahead; `release()` gives it back. */
  admit(): boolean {
    if (this.#running >= this.#parallel) return false;
    this.#running++;
    return true;
  }

  release(): void {
    this.#running--;
  }

  #tenant(tenant: string): string {
    return this.#shareTenants ? '' : tenant;
  }

  /** Each is as likely as all before it in the chain and itself. */
  #chain(past: RunPast, tenant: string): LikelyCall[] {
    const chain: LikelyCall[] = [];
    let { calls } = past;
    for (let before = 1; chain.length < this.#parallel; ) {
      const next = this.#next({ input: past.input, calls }, this.#tenant(tenant));
      if (!next || before * next.probability < this.#threshold) break;
      before *= next.probability;
      chain.push({ ...next, probability: before });
      calls = [...calls, { name: next.name, input: next.input, result: undefined, ok: true }].slice(-LOOKED_BACK);
    }
    return chain;
  }

  /** The likeliest of all contexts, of equals the longest. */
  #next(past: RunPast, tenant: string): LikelyCall | undefined {
    const view = new PastView(past);
    let best: LikelyCall | undefined;
    for (const name of contextsOf(past)) {
      const guess = this.#table.find(tenant, name)?.guess(view);
      if (guess && guess.probability > (best?.probability ?? 0)) best = guess;
    }
    return best;
  }
}

/** What is told with the calls of a turn. */
export interface LearntTurn {
  readonly tenant?: string | undefined;
  readonly pure: ReadonlySet<string>;
  readonly ended: boolean;
}

const NOT_LEARNT = { fields: undefined, whole: false };

/** What a rule says, as far as it is calls. */
function called(rule: CallRule, past: RunPast): LikelyCall[] {
  try {
    const said = rule(past) ?? [];
    const list: readonly PredictedCall[] = Array.isArray(said) ? said : [said as PredictedCall];
    return list.map(({ name, input, probability = 1 }) => ({ name, input, probability }));
  } catch {
    return [];
  }
}

function readRules(field: string, value: unknown): readonly CallRule[] {
  return readList(field, value as readonly CallRule[], 'a list of functions').map((rule, index) =>
    checkFunction(`${field}[${index}]`, rule),
  );
}

/** Throws INVALID_OPTION. */
export function checkPredictor(field: string, value: unknown): ToolPredictor {
  if (value instanceof ToolPredictor) return value;
  throw invalidOption(field, 'a ToolPredictor', value);
}
