import { expect } from 'vitest';
import type { NativeCallPiece, NativeMessage } from '../../src/native/binding.js';

/** What is told of calls while they are written, held against the calls: each has begun, and what was told of it is all of it. */
export class ToldCalls {
  readonly #open = new Map<number, { name: string; id: string; arguments: string }>();
  #whole = 0;
  /** Calls that were told of and came to nothing. */
  cut = 0;
  /** Deltas of arguments. */
  deltas = 0;

  piece({ type, index, id, name, arguments: delta }: NativeCallPiece): void {
    const call = this.#open.get(index);
    if (type === 'call-start') {
      expect(call, 'a call begins twice').toBeUndefined();
      expect(index, 'the next call').toBe(this.#whole);
      this.#open.set(index, { id, name, arguments: '' });
    } else if (type === 'call-args') {
      expect(call, 'arguments of a call that has not begun').toBeDefined();
      expect(delta).not.toBe('');
      this.deltas++;
      if (call) call.arguments += delta;
    } else {
      expect(this.#open.delete(index), 'the end of a call that has not begun').toBe(true);
      this.cut++;
    }
  }

  /** The next call is whole. */
  whole({ id, name, arguments: json }: NativeMessage['toolCalls'][number]): void {
    expect(this.#open.get(this.#whole)).toEqual({ id, name, arguments: json });
    this.#open.delete(this.#whole++);
  }

  /** A part of an answer: pieces of its calls come before each. */
  part({ pieces, toolCalls }: NativeMessage & { pieces: NativeCallPiece[] }): void {
    let at = 0;
    for (const call of toolCalls) {
      for (; at < pieces.length && (pieces[at] as NativeCallPiece).index <= this.#whole; at++)
        this.piece(pieces[at] as NativeCallPiece);
      this.whole(call);
    }
    for (; at < pieces.length; at++) this.piece(pieces[at] as NativeCallPiece);
  }

  /** No call is open any more. */
  end(): void {
    expect([...this.#open.values()]).toEqual([]);
  }
}
