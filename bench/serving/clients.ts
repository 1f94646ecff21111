import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';

/** What clients are to do: a stream for each body. */
export interface Order {
  port: number;
  path: string;
  bodies: string[];
  /** So many at a time; all: each has its connection before the first asks; a list: when each asks, milliseconds from the first. */
  most: number | 'all' | readonly number[];
  /** Of the tenant. */
  key?: string | undefined;
  /** Its first token is wanted within so many milliseconds. */
  limitMs?: number | undefined;
}

/** How one stream went. */
export interface Asked {
  events: number;
  bytes: number;
  /** Did it end with the last event of its face? */
  whole: boolean;
  /** From the request to the first text, milliseconds. */
  firstMs: number;
  /** Of one that was refused: milliseconds after which it is to come back. */
  retryAfterMs?: number;
}

/** A process of clients. */
export class Clients {
  readonly #child: ChildProcess;

  /** `elsewhere`: as if on a machine of their own, they take the CPU that nothing else wants. */
  constructor({ elsewhere = false } = {}) {
    this.#child = fork(fileURLToPath(new URL('client-process.ts', import.meta.url)), {
      execArgv: ['--import', 'tsx'],
      serialization: 'advanced',
    });
    if (elsewhere && this.#child.pid !== undefined) setPriority(this.#child.pid, constants.priority.PRIORITY_LOW);
  }

  /** All streams under way hang up. */
  leave(): void {
    this.#child.send('leave');
  }

  /** Of the order under way no further stream begins. */
  enough(): void {
    this.#child.send('enough');
  }

  /** Resolves when all streams have ended. One order at a time. */
  async ask(
    url: string,
    path: string,
    bodies: string[],
    most: Order['most'] = 'all',
    who: Pick<Order, 'key' | 'limitMs'> = {},
  ): Promise<Asked[]> {
    const answered = once(this.#child, 'message');
    const order: Order = { port: Number(new URL(url).port), path, bodies, most, ...who };
    this.#child.send(order);
    const [results] = (await answered) as [Asked[]];
    return results;
  }

  close(): void {
    this.#child.disconnect();
  }
}
