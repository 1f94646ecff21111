import type { Engine } from '../engine/engine.js';
import type { Generation, GenerationResult } from '../engine/generation.js';
import { Pins } from '../engine/pins/pins.js';
import { isVoid } from '../engine/turn.js';
import { type CacheMark, lastMarks } from './cache/cache-marks.js';
import { type CacheArrival, type CacheReport, writtenTokens } from './cache/cache-report.js';
import { type Change, ChangeCounts } from './cache/changes.js';
import { type Difference, difference, type RequestRecord, RequestRecords, toRecord } from './cache/request-records.js';
import { type CompiledRule, compileRules, type TextRule, withMoved } from './cache/rules.js';
import type { ChatCall } from './chat-call.js';
import { PendingAnswer } from './pending-answer.js';
import { PromptRuns } from './prompt-runs.js';
import { type Run, Runs } from './runs.js';
import { type ShownCall, toShown } from './shown-call.js';
import { type NextTurn, Transcripts } from './transcripts.js';

/** How an engine is shared by callers that keep nothing. */
export interface CallerOptions {
  /** `exact`: a conversation goes on from the tokens that were computed; else it is rendered as a whole each time. */
  history: 'exact' | 'rendered';
  /** Tenant that asks. Default: everything is shared. */
  tenant?: string;
  /** Part of all pages, 0 to 1, that prefixes may hold which callers want kept. Default 0.3. */
  pinShare?: number;
  /** What becomes of lines of the instructions. Default: they stay. */
  rules?: readonly TextRule[];
}

/** Whose question it is, and what ends it. */
export interface Asking {
  /** Name of the agent run that it is part of; undefined: the one that the conversation belongs to. */
  run: string | undefined;
  /** As `GenerateOptions.label`. */
  label?: string | undefined;
  /** As `GenerateOptions.ttftLimitMs`. */
  ttftLimitMs: number | undefined;
  signal: AbortSignal | undefined;
  /** Id of the answer, by which a later call may name it as its `previous`. */
  id?: string | undefined;
  /** Answer to whose question this one is compared. Default: the latest of the conversation. */
  previous?: string | undefined;
}

/** A question under way. */
export interface Asked {
  answer: PendingAnswer;
  /** What the model reads otherwise than it was sent. */
  changes: readonly Change[];
  /** How far the prompt was cached when it arrived. Rejects when there is no prompt. */
  arrival: Promise<CacheArrival>;
  /** What the cache did for it, when it has ended. Rejects as the answer does. */
  cache: Promise<CacheReport>;
}

/** Callers of one engine that send their whole conversation each time, in tools and names of their own. */
export class Callers {
  /** How many requests were changed, by what was. */
  readonly changes: ChangeCounts;
  /** Those of them that send plain prompts. */
  readonly promptRuns: PromptRuns;
  readonly #engine: Engine;
  readonly #runs: Runs;
  readonly #transcripts: Transcripts | undefined;
  readonly #rules: readonly CompiledRule[];
  readonly #pins: Pins;
  readonly #records = new RequestRecords();
  readonly #tenant: string;

  /** `changes`: where they are counted with those of others. `before`: callers of an engine that this one stands in for. */
  constructor(engine: Engine, options: CallerOptions, changes = new ChangeCounts(), before?: Callers) {
    const { history, tenant = '', pinShare = 0.3, rules = [] } = options;
    this.#engine = engine;
    this.#tenant = tenant;
    this.changes = changes;
    this.#runs = new Runs(engine);
    this.promptRuns = new PromptRuns(this.#runs);
    this.#transcripts =
      history === 'exact' ? new Transcripts(engine, tenant, before ? before.#transcripts : undefined) : undefined;
    this.#rules = compileRules(rules);
    this.#pins = new Pins(engine, pinShare);
  }

  /** Tokens of a question as they would be computed now: of a conversation that goes on from kept tokens, those too. */
  async count(call: ChatCall): Promise<number> {
    const shown = this.#shown(call);
    const { tools, options } = shown;
    const turn = this.#next(shown);
    if (turn) return turn.session.countTokens(withMoved(turn.messages, shown.moved), options);
    const messages = withMoved(shown.messages, shown.moved);
    return this.#engine.countTokens(messages, { ...options, ...(tools.length > 0 && { tools }) });
  }

  /** Puts a question to the engine. A call that names its `program` is that one's, told of nothing. Throws as `engine.generate()`. */
  ask(call: ChatCall, { run: name, label, ttftLimitMs, signal, id, previous }: Asking): Asked {
    const shown = this.#shown(call);
    const { messages, tools, names, changes, options: chosen } = shown;
    const marks = lastMarks(call.marks ?? []);
    const turn = this.#next(shown);
    const run = chosen.program === undefined ? this.#run(name, turn) : undefined;
    run?.begin();
    const places = marks.filter(({ message }) => message >= 0).map((mark) => placeIn(turn, mark));
    const options = {
      ...chosen,
      progress: true,
      label,
      ttftLimitMs,
      signal,
      marks: places,
      ...(run && { program: run.program }),
    };
    const generation = turn
      ? turn.session.generate(withMoved(turn.messages, shown.moved), options)
      : this.#engine.generate(withMoved(messages, shown.moved), {
          ...options,
          tenant: this.#tenant,
          ...(tools.length > 0 && { tools }),
        });
    this.changes.add(changes);

    const record = toRecord(tools, messages, [chosen.thinking, chosen.schema !== undefined]);
    const before = previous === undefined ? this.#records.before(name, messages) : this.#records.answered(previous);
    const changed = before && difference(before, record, messages);
    const ended = async (result: GenerationResult): Promise<CacheReport> => {
      const well = result.finishReason !== 'cancelled' && !this.#engine.closed;
      if (well) {
        run?.end(result);
        const { text: content, toolCalls } = result;
        // A turn in which nothing was said is not in the session, and no past of another.
        if (turn && !isVoid(result)) this.#transcripts?.keep(turn, { role: 'assistant', content, toolCalls }, run);
        record.promptTokens = result.usage.promptTokens;
        this.#records.keep(record, id, name, messages);
      }
      const written = well ? await this.#written(generation, marks, run, result.usage.cachedTokens ?? 0) : [];
      return toReport(result, written, before, changed, previous !== undefined);
    };
    const cache = generation.result.then(ended);
    const arrival = generation.outline.then(({ tokens, arrival: found }): CacheArrival => {
      const read = Math.min(found?.matched ?? 0, tokens.length - 1);
      return { prompt: tokens.length, read, miss: found?.reason ?? 'cold', difference: changed };
    });
    for (const promise of [cache, arrival]) promise.catch(() => {}); // told by the one who reads the answer
    return { answer: new PendingAnswer(generation, (toolCall) => names.call(toolCall)), changes, arrival, cache };
  }

  /** Lets go what callers wanted kept. */
  async close(): Promise<void> {
    await this.#pins.close();
  }

  /** Pins what is marked. What there is no room for is at least told to stay rather than other things. */
  async #written(generation: Generation, marks: readonly CacheMark[], run: Run | undefined, read: number) {
    const { tokens, staticTokens, marks: found } = await generation.outline;
    let next = 0;
    const wanted = marks.map(({ message, ttlMs }) => {
      return { tokens: message < 0 ? staticTokens : (found[next++] ?? 0), ttlMs };
    });
    const pinned = await this.#pins.keep(tokens, wanted, this.#tenant).catch(() => wanted.map(() => 0)); // the engine was closed
    const deepest = Math.max(0, ...wanted.map((one) => one.tokens));
    if (run && deepest > Math.max(0, ...pinned)) {
      await run.program.nextPrefix(tokens.subarray(0, deepest), { tenant: this.#tenant }).catch(() => {}); // advice
    }
    return writtenTokens(wanted, pinned, read);
  }

  #shown(call: ChatCall): ShownCall {
    return toShown(call, this.#rules, this.#engine.info.supportsLateSystem);
  }

  #run(name: string | undefined, turn: NextTurn | undefined): Run {
    return name === undefined ? (turn?.run ?? this.#runs.run(undefined)) : this.#runs.run(name);
  }

  /** The conversation's next turn; undefined where it is rendered as a whole, also when the model is to go on with its own words. */
  #next({ messages, tools, options }: ShownCall): NextTurn | undefined {
    const goesOn = options.continueAnswer || messages.at(-1)?.role === 'assistant';
    return goesOn ? undefined : this.#transcripts?.next(messages, tools);
  }
}

/** No message: what a session has in its own words is not found again. */
const NOWHERE = 2 ** 30;

/** A mark of the caller's conversation, in that of the engine or of the session that goes on with it. */
function placeIn(turn: NextTurn | undefined, { message, characters }: CacheMark) {
  if (!turn) return { message, characters };
  const known = turn.session.messages.length;
  if (message >= turn.past) return { message: known + message - turn.past, characters };
  return { message: known === turn.past ? message : NOWHERE, characters };
}

function toReport(
  { usage }: GenerationResult,
  written: CacheReport['written'],
  before: RequestRecord | undefined,
  changed: Difference | undefined,
  named: boolean,
): CacheReport {
  const { promptTokens, cachedTokens: read, miss } = usage;
  const fresh = written.reduce((rest, { tokens }) => rest - tokens, promptTokens - (read ?? 0));
  const known = Math.min(before?.promptTokens ?? 0, promptTokens);
  const missed = read === null ? 0 : Math.max(0, known - read);
  const previousUnknown = named && before === undefined;
  return {
    prompt: promptTokens,
    read,
    written,
    fresh,
    miss: miss.reason,
    difference: changed,
    previousUnknown,
    missed,
  };
}
