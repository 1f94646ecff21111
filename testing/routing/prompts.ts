import type { NativeSimCall } from '../../src/native/simulation.js';

/** A content, and how many of its first tokens. */
type Run = readonly [content: number, tokens: number];

/** By call of a workload: the tokens of its prompt. Equal contents are equal tokens. */
export function prompts(calls: readonly NativeSimCall[]): (call: number) => Int32Array {
  const asked: Run[][] = [];
  const said = (call: number): Run => {
    const { outputContent = 0, output = 0 } = calls[call] ?? {};
    return [outputContent || -1 - call, output];
  };
  for (const { base, baseTokens, append } of calls) {
    const history = base < 0 ? [] : [...(asked[base] ?? []), said(base)];
    const kept = baseTokens < 0 ? history : first(history, baseTokens);
    for (let at = 0; at < append.length; at += 2) kept.push([append[at] as number, append[at + 1] as number]);
    asked.push(kept);
  }
  return (call) => written(asked[call] ?? []);
}

function first(runs: readonly Run[], tokens: number): Run[] {
  const kept: Run[] = [];
  let left = tokens;
  for (const [content, length] of runs) {
    if (left <= 0) break;
    kept.push([content, Math.min(left, length)]);
    left -= length;
  }
  return kept;
}

function written(runs: readonly Run[]): Int32Array {
  const tokens = new Int32Array(runs.reduce((sum, [, length]) => sum + length, 0));
  let to = 0;
  for (const [content, length] of runs)
    for (let at = 0; at < length; at++)
      tokens[to++] = Math.imul(Math.imul(content, 0x9e3779b1) ^ at, 0x85ebca6b) >>> 15;
  return tokens;
}
