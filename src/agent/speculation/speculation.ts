import type { ChatMessage, ToolCall } from '../../chat/chat-message.js';
import { canonicalJson } from '../../kit/canonical-json.js';
import type { Tool } from '../tool.js';
import type { ToolOutcome, ToolRunOptions } from '../tool-runner.js';
import { AheadCall } from './ahead-call.js';
import { LOOKED_BACK, type PastCall, type RunPast } from './run-past.js';
import type { ToolPredictor } from './tool-predictor.js';

/** What a run's speculation gave and cost. */
export interface SpeculationReport {
  /** Calls of the model whose result came from a call that was begun before. */
  hits: number;
  /** Calls of the model to pure tools that were not. */
  misses: number;
  /** Calls that were begun and not used. */
  wastedCalls: number;
  /** Milliseconds that those ran. */
  wastedMs: number;
  /** Milliseconds that tools of hits ran before the model made the call. */
  savedMs: number;
}

export interface SpeculationSetup {
  predictor: ToolPredictor;
  tools: readonly Tool[];
  tenant: string;
  /** What the run began with. */
  said: string | readonly ChatMessage[];
  options: ToolRunOptions;
  /** Told of each call before it begins; false: it does not. */
  begun: (tool: string, json: string) => boolean;
}

/**
 * Calls of one run that are begun before the model makes them. Only pure tools run ahead; the model reads what it would have
 * read: a result is used when the model's call equals it (canonical JSON) and it did not fail, everything else is cancelled when
 * the turn is over.
 */
export class Speculation {
  readonly report: SpeculationReport = { hits: 0, misses: 0, wastedCalls: 0, wastedMs: 0, savedMs: 0 };
  readonly #setup: SpeculationSetup;
  readonly #input: string;
  readonly #pure: ReadonlyMap<string, Tool>;
  readonly #ahead = new Map<string, AheadCall>();
  /** Calls of the turns that are over, the last ones. */
  #past: readonly PastCall[] = [];
  /** Calls of the turn under way. */
  #turn: PastCall[] = [];
  #open = false;

  constructor(setup: SpeculationSetup) {
    const { said } = setup;
    this.#setup = setup;
    this.#input = typeof said === 'string' ? said : (said.at(-1)?.content ?? '');
    this.#pure = new Map(setup.tools.flatMap((tool) => (tool.pure ? [[tool.name, tool]] : [])));
  }

  /** The model begins a turn in which it may call tools. */
  begin(): void {
    this.#open = true;
    this.#predict();
  }

  /** It has ended it: nothing more is begun. */
  over(): void {
    this.#open = false;
  }

  /** The model made a call: the one that was begun for it, if there is one. What may come behind it is begun. */
  take(call: ToolCall): AheadCall | undefined {
    const { name, input } = call;
    const key = this.#pure.has(name) && input !== undefined ? keyOf(name, input) : undefined;
    const found = key === undefined ? undefined : this.#ahead.get(key);
    if (key !== undefined && found) this.#ahead.delete(key);
    else if (this.#pure.has(name)) this.report.misses++;
    this.#turn.push({ name, input, result: undefined, ok: true });
    this.#predict();
    return found;
  }

  /** The outcome of a call that was taken; undefined: it failed, and must be made again. */
  async commit(ahead: AheadCall): Promise<ToolOutcome | undefined> {
    const called = performance.now();
    const outcome = await ahead.outcome;
    if (!outcome.ok) {
      this.report.misses++;
      this.#waste(ahead);
      return undefined;
    }
    this.report.hits++;
    this.report.savedMs += ahead.times(called).savedMs;
    return outcome;
  }

  /** The turn is over: what it did not ask for is cancelled. */
  cancelRest(): void {
    this.#open = false;
    for (const ahead of this.#ahead.values()) {
      ahead.cancel();
      this.#waste(ahead);
    }
    this.#ahead.clear();
  }

  /** The step is over. `learn`: it happened now; `ended`: the model ended its turn by itself and might have made more calls. */
  stepped(outcomes: readonly ToolOutcome[], { learn, ended }: { learn: boolean; ended: boolean }): void {
    const { predictor, tenant } = this.#setup;
    const past: RunPast = { input: this.#input, calls: this.#past };
    const pure = new Set(this.#pure.keys());
    const calls = outcomes.map(({ call }) => call);
    if (learn) predictor.learn(past, calls, { tenant, pure, ended });
    const made = outcomes.map(({ call, content: result, ok }) => ({ name: call.name, input: call.input, result, ok }));
    this.#past = [...this.#past, ...made].slice(-LOOKED_BACK);
    this.#turn = [];
  }

  #predict(): void {
    if (!this.#open || this.#pure.size === 0) return;
    const { predictor, tenant } = this.#setup;
    const past = { input: this.#input, calls: [...this.#past, ...this.#turn].slice(-LOOKED_BACK) };
    for (const likely of predictor.predict(past, tenant)) this.#start(likely.name, likely.input);
  }

  #start(name: string, input: object): void {
    const { predictor, options, begun } = this.#setup;
    const tool = this.#pure.get(name);
    const json = tool && jsonOf(input);
    if (!tool || json === undefined || this.#ahead.has(`${name}\n${json}`) || options.signal.aborted) return;
    if (!predictor.admit()) return;
    if (begun(name, json)) {
      this.#ahead.set(`${name}\n${json}`, new AheadCall(tool, json, options, () => predictor.release()));
    } else predictor.release();
  }

  #waste(ahead: AheadCall): void {
    this.report.wastedCalls++;
    this.report.wastedMs += ahead.times().ms;
  }
}

const keyOf = (name: string, input: unknown): string => `${name}\n${jsonOf(input)}`;

/** Undefined: a rule gave what is no JSON. */
function jsonOf(input: unknown): string | undefined {
  try {
    return canonicalJson(input);
  } catch {
    return undefined;
  }
}
