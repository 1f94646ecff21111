import { BanyanError } from '../kit/errors.js';
import { TRACE_VERSION, type TraceFinish, type TraceHeader, type TraceHint, type TraceSubmit } from './format.js';

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A line that cannot be what it says it is; the reader adds the place. */
export const wrongLine = (problem: string) => new BanyanError('TRACE_INVALID', problem);

/** True for the first line of a recording of `engine.record()`. */
export function isRecording(value: unknown): value is TraceHeader {
  return isFields(value) && value.type === 'trace';
}

/** Throws TRACE_INVALID for a recording of another version. */
export function checkVersion({ version }: TraceHeader): void {
  if (version !== TRACE_VERSION) throw wrongLine(`a recording of version ${version}, not ${TRACE_VERSION}`);
}

/**
 * A line of a recording; undefined: of a type that is not read. Fields that place it among others are there and are what they
 * are said to be; others may be missing. Throws TRACE_INVALID.
 */
export function checkedLine(value: unknown): TraceSubmit | TraceFinish | TraceHint | undefined {
  if (!isFields(value) || typeof value.type !== 'string') throw wrongLine('no line of a recording');
  if (value.type === 'submit') return checked<TraceSubmit>(value, ['request', 'program', 'base', 'keep'], 'tokens');
  if (value.type === 'finish') return checked<TraceFinish>(value, ['request'], 'output');
  if (value.type === 'hint') return checked<TraceHint>(value, ['program']);
  return undefined;
}

function checked<Line>(value: Fields, numbers: readonly string[], list?: string): Line {
  const missing = numbers.find((name) => !Number.isSafeInteger(value[name]) || (value[name] as number) < 0);
  if (missing !== undefined) throw wrongLine(`\`${missing}\` is no number`);
  const tokens = list === undefined ? [] : value[list];
  if (!Array.isArray(tokens) || !tokens.every(Number.isSafeInteger))
    throw wrongLine(`\`${list}\` is no list of tokens`);
  return value as Line;
}
