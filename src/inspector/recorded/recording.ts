import { invalidOption } from '../../kit/option-checks.js';
import { checkedLine, checkVersion, isRecording, wrongLine } from '../../trace/checked-lines.js';
import type { TraceFinish, TraceHeader, TraceHint, TraceSubmit } from '../../trace/format.js';
import { invalidTrace, type LogProgress, logLines } from '../../trace/log-lines.js';
import type { EndedCall } from '../told-types.js';
import { recordedMiss } from './recorded-miss.js';
import { type Place, type Placed, TokenTree } from './token-tree.js';

/** A request of a recording. `place`: its prompt, from its end on with its answer. */
export interface RecordedRequest {
  readonly submit: TraceSubmit;
  readonly before: Place | undefined;
  readonly knownTokens: number;
  place: Place;
  ended: boolean;
}

/** An agent run of a recording, as it was when the recording ended. Tokens and milliseconds. */
export interface RecordedAgent {
  readonly id: number;
  phase: 'reasoning' | 'acting' | 'human' | 'finished';
  calls: number;
  promptTokens: number;
  cachedTokens: number;
  computedTokens: number;
  outputTokens: number;
  /** Asked before by its tenant, and not cached when it was asked again. */
  lostTokens: number;
  actingMs: number;
  /** When the tool that runs was begun, in microseconds of the recording. */
  actingSince: number | undefined;
  /** Its latest request. */
  last: RecordedRequest | undefined;
}

/** A recording of `engine.record()`, read: what was asked, by whom, and what of it was cached. Names and numbers, no text. */
export class Recording {
  readonly header: TraceHeader;
  readonly tree = new TokenTree();
  readonly requests = new Map<number, RecordedRequest>();
  readonly agents = new Map<number, RecordedAgent>();
  readonly calls: EndedCall[] = [];

  /** Throws TRACE_INVALID for a recording of another version. */
  constructor(header: TraceHeader) {
    checkVersion(header);
    this.header = header;
  }

  /** Takes a line after the first. Throws TRACE_INVALID, without the line's number. */
  take(value: unknown): void {
    const line = checkedLine(value);
    if (line?.type === 'submit') this.#submit(line);
    else if (line?.type === 'finish') this.#finish(line);
    else if (line) this.#hint(line);
  }

  #agent(id: number): RecordedAgent {
    const known = this.agents.get(id);
    if (known) return known;
    const tokens = { promptTokens: 0, cachedTokens: 0, computedTokens: 0, outputTokens: 0, lostTokens: 0 };
    const made: RecordedAgent = {
      ...{ id, phase: 'reasoning', calls: 0, ...tokens, actingMs: 0 },
      ...{ actingSince: undefined, last: undefined },
    };
    this.agents.set(id, made);
    return made;
  }

  #submit(submit: TraceSubmit): void {
    const { request, base, keep, tokens, tenant, program } = submit;
    const past = this.requests.get(base)?.place;
    if (base !== 0 && !past) throw wrongLine(`request ${base}, which it begins with, is not in the lines before`);
    const from = past ?? this.tree.root(tenant);
    if (keep > from.length)
      throw wrongLine(`it begins with ${keep} tokens of request ${base}, which has ${from.length}`);
    const agent = this.#agent(program);
    this.#acted(agent, submit.t);
    agent.phase = 'reasoning';
    const place: Placed = this.tree.insert(from, keep, tokens);
    const before = program === 0 ? undefined : agent.last?.place;
    const made = { submit, before, knownTokens: place.known, place, ended: false };
    this.requests.set(request, made);
    agent.last = made;
  }

  #finish(line: TraceFinish): void {
    const request = this.requests.get(line.request);
    if (!request) throw wrongLine(`request ${line.request} has no submit line`);
    if (request.ended) throw wrongLine(`request ${line.request} has ended before`);
    const { submit, before, knownTokens, place: prompt } = request;
    request.ended = true;
    request.place = this.tree.insert(prompt, prompt.length, line.output);
    const { cached, computed = 0, ttftMs = null } = line;
    const common = before && TokenTree.common(before, prompt);
    const earlier = before && common !== undefined ? { tokens: before.length, common } : undefined;
    const lookup = { promptTokens: prompt.length, cachedTokens: cached, knownTokens };
    const agent = this.#agent(submit.program);
    agent.calls++;
    agent.promptTokens += prompt.length;
    agent.cachedTokens += cached ?? 0;
    agent.computedTokens += computed;
    agent.outputTokens += line.output.length;
    if (cached !== undefined) agent.lostTokens += Math.max(0, Math.min(knownTokens, prompt.length - 1) - cached);
    this.calls.push({
      ...{ order: this.calls.length + 1, number: agent.calls, atMs: line.t / 1_000 },
      ...{ program: submit.program, label: '', tenant: submit.tenant === 0 ? '' : `tenant ${submit.tenant}` },
      ...{ reason: line.reason === 'error' ? `failed: ${line.code ?? 'no code'}` : line.reason },
      ...{ promptTokens: prompt.length, cachedTokens: cached ?? 0, computedTokens: computed },
      ...{ outputTokens: line.output.length, queueMs: null, ttftMs },
      ...{ totalMs: (line.t - submit.t) / 1_000, tools: [] },
      miss: recordedMiss({ ...lookup, before: earlier, cache: submit.cache && submit.scored !== true }),
    });
  }

  #hint({ hint, program, t }: TraceHint): void {
    const agent = this.#agent(program);
    if (hint === 'tool-started') agent.actingSince ??= t;
    if (hint === 'tool-ended') this.#acted(agent, t);
    const phases = { 'tool-started': 'acting', 'waiting-for-human': 'human', finished: 'finished' } as const;
    agent.phase = phases[hint as keyof typeof phases] ?? agent.phase;
  }

  #acted(agent: RecordedAgent, now: number): void {
    if (agent.actingSince !== undefined) agent.actingMs += Math.max(0, now - agent.actingSince) / 1_000;
    agent.actingSince = undefined;
  }
}

/** Reads a recording. Rejects with INVALID_OPTION for a file that cannot be read, TRACE_INVALID with the number of a line that is wrong. */
export async function readRecording(
  path: string,
  onProgress: (progress: LogProgress) => void = () => {},
  signal?: AbortSignal,
): Promise<Recording> {
  let recording: Recording | undefined;
  for await (const { number, value } of logLines(path, onProgress, signal)) {
    try {
      if (recording) recording.take(value);
      else if (isRecording(value)) recording = new Recording(value);
      else throw wrongLine('no recording of engine.record()');
    } catch (reason) {
      throw invalidTrace(path, number, (reason as Error).message, reason);
    }
  }
  if (!recording) throw invalidOption('path', 'a recording of engine.record(): this file is empty', path);
  return recording;
}
