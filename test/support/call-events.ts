import { expect } from 'vitest';
import type { GenerationEvent, GenerationResult } from '../../src/engine/generation.js';

/**
 * Holds the events of a stream with `progress` against its result: texts joined, and of each call its start, its arguments to the
 * byte, its end, and then the call. Returns how many deltas of arguments came.
 */
export function checkCallEvents(events: readonly GenerationEvent[], result: GenerationResult): number {
  let open: { index: number; id: string; name: string; arguments: string } | undefined;
  let closed: typeof open;
  let [text, reasoning, deltas] = ['', '', 0];
  const calls: GenerationResult['toolCalls'] = [];
  for (const event of events) {
    if (closed) expect(event.type, 'what follows the end of a whole call').toBe('tool-call');
    if (event.type === 'text') text += event.text;
    if (event.type === 'reasoning') reasoning += event.text;
    if (event.type === 'call-start') {
      expect(open).toBeUndefined();
      open = { index: event.index, id: event.id, name: event.name, arguments: '' };
      expect(event.index).toBe(calls.length);
    }
    if (event.type === 'call-args') {
      expect(event.index).toBe(open?.index);
      expect(event.delta).not.toBe('');
      if (open) open.arguments += event.delta;
      deltas++;
    }
    if (event.type === 'call-end') {
      expect(event.index).toBe(open?.index);
      closed = event.whole ? open : undefined;
      open = undefined;
    }
    if (event.type === 'tool-call') {
      const { id, name, arguments: json } = event.call;
      expect({ index: event.index, id, name, arguments: json }).toEqual(closed);
      closed = undefined;
      calls.push(event.call);
    }
  }
  expect(open).toBeUndefined();
  expect({ text, reasoning }).toEqual({ text: result.text, reasoning: result.reasoning });
  if (result.finishReason !== 'cancelled') expect(calls).toEqual(result.toolCalls);
  return deltas;
}
