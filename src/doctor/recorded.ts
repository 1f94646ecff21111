import { checkedLine, checkVersion, wrongLine } from '../trace/checked-lines.js';
import type { TraceFinish, TraceHeader, TraceSubmit } from '../trace/format.js';
import { commonLength, type Loss, type Losses } from './losses.js';
import type { Place } from './report.js';

/** A prompt of a recording, by what it adds to an earlier one. */
interface Recorded {
  readonly base: Recorded | undefined;
  readonly keep: number;
  readonly own: readonly number[];
  output: readonly number[];
  readonly line: TraceSubmit;
}

/** A call of a recording that has ended. */
export interface RecordedCall {
  readonly request: number;
  readonly place: Place;
  readonly losses: Losses;
  /** What it cost the recorded engine; undefined: it failed. */
  readonly computed: number | undefined;
  readonly ttftMs: number | undefined;
}

/** Latest requests of a program that a new one is compared with: it may have several conversations. */
const TRIED = 8;

/**
 * Reads a recording line by line. It has no texts, so that a difference is told by its token alone, and what it cost is at
 * most what the request before had behind it.
 */
export class RecordedRequests {
  readonly #requests = new Map<number, Recorded>();
  readonly #programs = new Map<number, Recorded[]>();

  /** Throws TRACE_INVALID for a recording of another version. */
  constructor(header: TraceHeader) {
    checkVersion(header);
  }

  /** A request that ended with this line; undefined: none did. Throws TRACE_INVALID, without the line. */
  line(value: unknown): RecordedCall | undefined {
    const line = checkedLine(value);
    if (line?.type === 'submit') this.#submit(line);
    return line?.type === 'finish' ? this.#finish(line) : undefined;
  }

  #submit(line: TraceSubmit): void {
    const { request, base, keep, tokens } = line;
    const past = this.#requests.get(base);
    if (base !== 0 && !past) throw wrongLine(`request ${base}, which it begins with, is not in the lines before`);
    this.#requests.set(request, { base: past, keep, own: tokens, output: [], line });
  }

  #finish(line: TraceFinish): RecordedCall | undefined {
    const recorded = this.#requests.get(line.request);
    if (!recorded) throw wrongLine(`request ${line.request} has no submit line`);
    recorded.output = line.output;
    const { program, request } = recorded.line;
    const before = this.#programs.get(program) ?? [];
    this.#programs.set(program, [...before.slice(1 - TRIED), recorded]);
    if (line.reason === 'error') return undefined;
    const id = program === 0 ? `request ${request}` : `program ${program}`;
    return {
      request,
      place: { id, agent: '' },
      losses: this.#losses(recorded, program === 0 ? [] : before, line),
      computed: line.computed,
      ttftMs: line.ttftMs,
    };
  }

  #losses(now: Recorded, before: readonly Recorded[], { cached }: TraceFinish): Losses {
    const prompt = tokensOf(now, false);
    const past = before.map((each) => ({ each, tokens: tokensOf(each, true) }));
    const tried = past.map(({ each, tokens }) => ({ each, tokens, common: commonLength(tokens, prompt) }));
    const best = tried.reduce<(typeof tried)[0] | undefined>((a, b) => (a && a.common > b.common ? a : b), undefined);
    const common = Math.max(best?.common ?? 0, now.keep);
    const known = cached ?? common;
    const losses: Loss[] = [];
    const lost = (lint: Loss['lint'], tokens: number) => {
      if (tokens > 0) losses.push({ lint, field: 'prompt', times: 1, tokens, edit: undefined });
    };
    if (best) {
      const whole = Math.min(lengthOf(best.each), prompt.length);
      const other = best.each.line.tenant !== now.line.tenant;
      lost(other ? 'other-tenant' : 'diverged', whole - common);
    }
    if (cached !== undefined)
      lost(now.line.cache ? 'evicted' : 'cache-off', Math.min(common, prompt.length - 1) - cached);
    const differs = best && best.common < Math.min(best.tokens.length, prompt.length);
    const token = differs ? best.common : undefined;
    return { prompt: prompt.length, reused: known, token, losses, markBehind: undefined, exact: true };
  }
}

const lengthOf = ({ keep, own }: Recorded) => keep + own.length;

/** All tokens of a request; `answered`: with those of its answer. */
function tokensOf(recorded: Recorded, answered: boolean): Int32Array {
  const length = lengthOf(recorded);
  const whole = new Int32Array(length + (answered ? recorded.output.length : 0));
  if (answered) whole.set(recorded.output, length);
  let end = length;
  for (let at: Recorded | undefined = recorded; at && end > 0; at = at.base) {
    // What a later one keeps of this one: its prompt, then its answer.
    const prompt = lengthOf(at);
    if (end > prompt) whole.set(at.output.slice(0, end - prompt), prompt);
    if (Math.min(end, prompt) > at.keep) whole.set(at.own.slice(0, Math.min(end, prompt) - at.keep), at.keep);
    end = Math.min(end, at.keep);
  }
  return whole;
}
