import { hasCode } from '../kit/errors.js';
import { checkText, invalidOption } from '../kit/option-checks.js';
import { readTable } from '../kit/option-table.js';
import { reading } from '../kit/read-options.js';
import { callback, flag, number, type OptionsOf, other, signal } from '../native/option-kinds.js';
import { isRecording } from '../trace/checked-lines.js';
import { invalidTrace, type LogLine, type LogProgress, logLines } from '../trace/log-lines.js';
import { toCall } from './bodies.js';
import type { Call } from './call.js';
import { type Belonging, Conversations } from './conversations.js';
import { type Losses, lossesOf } from './losses.js';
import { estimated, exact, type PromptReader, type Reading } from './readings.js';
import { RecordedRequests } from './recorded.js';
import { type DoctorReport, type Finding, Findings, type PrefillRate } from './report.js';

/** What a report of a log and one of a running engine have in common. */
export const REPORT = {
  /** Texts: excerpts of both sides of a difference are shown. Default false: they may be private. */
  texts: flag(false),
  /** Tokens that a fault must cost in a call to be a finding, 0 to 1,000,000. Default 32: a page. */
  leastTokens: number({ min: 0, max: 1_000_000, whole: true }, 32),
  /** Prompt tokens computed in a second, 0.001 to 1,000,000,000, to tell milliseconds. Default: as measured, if it was. */
  prefillRate: number({ min: 0.001, max: 1e9, whole: false }),
};

/** The table of DiagnoseOptions. */
export const DIAGNOSE = {
  ...REPORT,
  /** Engine whose chat template and vocabulary count the tokens; nothing is run on it. Default: four characters are a token. */
  engine: other<PromptReader>('an engine of Engine.load()', readEngine),
  /** Function that is told of progress, after each 256 lines and at the end. */
  onProgress: callback<(progress: LogProgress) => void>(),
  /** Signal that aborts: it rejects with the signal's reason. */
  signal: signal(),
};

export interface DiagnoseOptions extends OptionsOf<typeof DIAGNOSE> {}

function readEngine(field: string, value: unknown): PromptReader {
  const engine = Object(value) as Partial<PromptReader>;
  if (reading(field, () => typeof engine.promptTokens === 'function')) return value as PromptReader;
  throw invalidOption(field, 'an engine of Engine.load()', value);
}

/**
 * A report over a file of JSON Lines: a recording of `engine.record()`, or a log of request bodies, one a line (OpenAI's chat
 * completions, Anthropic's messages, as they are or in `body`, `request` or `params`). Rejects with TRACE_INVALID, whose `field`
 * names the line, and INVALID_OPTION when the file cannot be read.
 */
export async function diagnose(path: string, given: DiagnoseOptions = {}): Promise<DoctorReport> {
  const options = readTable('options', given, DIAGNOSE);
  const file = checkText('path', path);
  const { texts = false, leastTokens = 32, prefillRate, engine, onProgress = () => {} } = options;
  const findings = new Findings({ texts, leastTokens });
  findings.rate = givenRate(prefillRate);
  const lines = logLines(file, onProgress, options.signal);
  const first = await lines.next();
  if (first.done) throw invalidTrace(file, 1, 'there is nothing in it');
  if (isRecording(first.value.value)) {
    const measured = await ofRecording(file, first.value, lines, findings);
    findings.rate ??= measured;
  } else {
    const log = new Log(findings, engine ? exact(engine) : estimated);
    for (let line: LogLine | undefined = first.value; line; line = (await lines.next()).value ?? undefined) {
      const call = toCall(line.value, line.number);
      if (typeof call === 'string') throw invalidTrace(file, line.number, call);
      await log.add(call);
    }
  }
  return findings.report();
}

/** The rate that a caller named. */
export function givenRate(tokensPerSecond: number | undefined): PrefillRate | undefined {
  return tokensPerSecond === undefined ? undefined : { tokensPerSecond, how: 'as given' };
}

/** Calls one after the other, each compared with the one before it. */
export class Log {
  readonly #findings: Findings;
  readonly #reading: Reading;
  readonly #conversations = new Conversations();

  constructor(findings: Findings, reading: Reading) {
    this.#findings = findings;
    this.#reading = reading;
  }

  /** What the call lost. */
  async add(call: Call): Promise<Finding[]> {
    const belonging: Belonging = this.#conversations.place(call);
    const losses = await this.#losses(belonging, call);
    return this.#findings.add(call.position, belonging.conversation, losses);
  }

  async #losses({ past }: Belonging, call: Call): Promise<Losses> {
    if (past) return lossesOf(past, call, this.#reading);
    const nothing = { reused: 0, token: undefined, losses: [], markBehind: undefined };
    const counted = async (reading: Reading) => {
      const units = call.cost?.prompt ?? (await reading.units(call, call.parts));
      const scale = call.cost ? 1 : reading.tokensPerUnit;
      return { ...nothing, prompt: Math.round(units.length * scale), exact: reading !== estimated || !!call.cost };
    };
    return counted(this.#reading).catch(() => counted(estimated));
  }
}

async function ofRecording(
  path: string,
  header: LogLine,
  lines: AsyncIterable<LogLine>,
  findings: Findings,
): Promise<PrefillRate | undefined> {
  let [tokens, ms] = [0, 0];
  const understood = <Result>(line: number, read: () => Result): Result => {
    try {
      return read();
    } catch (reason) {
      throw hasCode(reason, 'TRACE_INVALID') ? invalidTrace(path, line, reason.message, reason) : reason;
    }
  };
  if (!isRecording(header.value)) return undefined;
  const { value } = header;
  const requests = understood(header.number, () => new RecordedRequests(value));
  for await (const line of lines) {
    const call = understood(line.number, () => requests.line(line.value));
    if (!call) continue;
    findings.add(call.request, call.place, call.losses);
    if (call.computed !== undefined && call.ttftMs !== undefined && call.ttftMs > 0) {
      tokens += call.computed;
      ms += call.ttftMs;
    }
  }
  if (ms === 0) return undefined;
  return {
    tokensPerSecond: (1000 * tokens) / ms,
    how: 'recorded: tokens computed by the time to the first token, waits included',
  };
}
