import type { NativeSimWorkload } from '../../src/native/simulation.js';

/**
 * Tokens that any engine must prefill, with endless memory too: each distinct beginning of a prompt once. Answers are
 * computed anyway.
 */
export function newTokens(workload: NativeSimWorkload): number {
  const known = new Set<string>();
  const paths: string[] = []; // by call: the name of its prompt and answer
  let total = 0;
  for (const [number, call] of workload.calls.entries()) {
    let path = call.base < 0 ? '' : (paths[call.base] as string);
    if (call.baseTokens >= 0) path += `|${call.baseTokens}`;
    for (let i = 0; i < call.append.length; i += 2) {
      path = `${path.length > 200 ? shorten(path) : path}/${call.append[i]}.${call.append[i + 1]}`;
      if (known.has(path)) continue;
      known.add(path);
      total += call.append[i + 1] as number;
    }
    paths.push(`${path}>${call.outputContent || `own ${number}`}`);
  }
  return total;
}

/** By program: seconds from its first call to its last answer if computing took no time: what tools and people take. */
export function waitsAlone({ programs, calls }: NativeSimWorkload): number[] {
  const ends: number[] = [];
  const begun = programs.map(() => Number.POSITIVE_INFINITY);
  const ended = programs.map(() => 0);
  for (const { program, after, delayUs } of calls) {
    const due = Math.max(programs[program]?.arrivalUs ?? 0, ...after.map((call) => ends[call] ?? 0)) + delayUs;
    ends.push(due);
    begun[program] = Math.min(begun[program] as number, due);
    ended[program] = Math.max(ended[program] as number, due);
  }
  return ended.map((end, program) => (end - (begun[program] as number)) / 1e6);
}

/** 64 bits of two multiplicative hashes name a long path. */
function shorten(text: string): string {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 2654435761);
    b = Math.imul(b ^ text.charCodeAt(i), 1597334677);
  }
  return `${(a >>> 0).toString(36)}.${(b >>> 0).toString(36)}`;
}
