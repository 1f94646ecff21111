import type { NativeHint } from '../native/binding.js';
import { checkName, checkNumber } from './option-checks.js';
import type { RequestHost } from './request.js';

const NOTHING = { tool: '', expectedMs: 0, salt: '', tokens: new Int32Array(0), steps: 1, from: 0 };
const LONGEST_TOOL_MS = 24 * 3_600_000;
const LONGEST_NAME = 256;

/** Throws INVALID_OPTION. */
export function toolStarted(tool: string, expectedMs?: number): NativeHint {
  return {
    ...NOTHING,
    kind: 'tool-started',
    tool: checkTool(tool),
    expectedMs: expectedMs === undefined ? 0 : checkNumber('expectedMs', expectedMs, 0, LONGEST_TOOL_MS),
  };
}

/** Throws INVALID_OPTION. */
export function toolEnded(tool: string): NativeHint {
  return { ...NOTHING, kind: 'tool-ended', tool: checkTool(tool) };
}

export function plainHint(kind: 'waiting-for-human' | 'finished'): NativeHint {
  return { ...NOTHING, kind };
}

export function nextPrefix(salt: string, tokens: Int32Array, steps: number): NativeHint {
  return { ...NOTHING, kind: 'next-prefix', salt, tokens, steps };
}

/** Tokens [0, from) are still wanted. */
export function branchAbandoned(salt: string, tokens: Int32Array, from: number): NativeHint {
  return { ...NOTHING, kind: 'branch-abandoned', salt, tokens, from };
}

/** For hints that Banyan sends by itself: advice to an engine that is gone is no error. */
export function tell(host: RequestHost, program: number, hint: NativeHint): void {
  if (host.closed || program === 0) return;
  host.recorder?.hint(program, hint);
  host.native.hint(program, hint);
}

function checkTool(tool: string): string {
  return checkName('tool', tool).slice(0, LONGEST_NAME).toWellFormed(); // the cut may be inside a character
}
