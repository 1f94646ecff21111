import { Worker } from 'node:worker_threads';

/** What becomes of bytes: their value, or why they are none. */
export type ParsedBytes = { value: unknown } | { problem: string };

/*
 * Why a thread: a body of 20 MB takes its decoding, its check and JSON.parse a good part of a second, in which no other
 * answer would get a token out. A value comes back as a copy, which costs a fraction of that.
 */
const SCRIPT = `
const { parentPort } = require('node:worker_threads');
function parsed(bytes, deepest) {
  let text;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { problem: 'The body is no UTF-8' };
  }
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (inString) {
      if (unit === 92) at++;
      else if (unit === 34) inString = false;
    } else if (unit === 34) inString = true;
    else if (unit === 91 || unit === 123) {
      if (++depth > deepest) return { problem: 'The body is nested deeper than ' + deepest + ' levels' };
    } else if (unit === 93 || unit === 125) depth--;
  }
  try {
    return { value: JSON.parse(text) };
  } catch (reason) {
    return { problem: 'The body is no JSON: ' + reason.message };
  }
}
parentPort.on('message', ({ id, bytes, deepest }) => {
  parentPort.postMessage({ id, result: parsed(bytes, deepest) });
});
`;

/** One thread that parses large bodies, one after the other. It starts with the first and keeps no process alive. */
export class JsonThread {
  readonly #waiting = new Map<number, { resolve: (result: ParsedBytes) => void; reject: (reason: Error) => void }>();
  #worker: Worker | undefined;
  #last = 0;

  /** The value of JSON in UTF-8, nested at most `deepest` levels. The bytes are given away. Rejects when the thread ends. */
  parse(bytes: Uint8Array<ArrayBuffer>, deepest: number): Promise<ParsedBytes> {
    this.#worker ??= this.#start();
    const id = ++this.#last;
    const { promise, settle } = waiting<ParsedBytes>();
    this.#waiting.set(id, settle);
    this.#worker.postMessage({ id, bytes, deepest }, [bytes.buffer]);
    return promise;
  }

  #start(): Worker {
    const worker = new Worker(SCRIPT, { eval: true, execArgv: [] });
    worker.unref();
    worker.on('message', ({ id, result }: { id: number; result: ParsedBytes }) => {
      this.#waiting.get(id)?.resolve(result);
      this.#waiting.delete(id);
    });
    const ended = (reason: Error) => {
      if (this.#worker === worker) this.#worker = undefined;
      for (const { reject } of this.#waiting.values()) reject(reason);
      this.#waiting.clear();
    };
    worker.on('error', ended); // out of memory
    worker.on('exit', () => ended(new Error('the thread that parses bodies has ended')));
    return worker;
  }
}

function waiting<Value>() {
  let settle: { resolve: (value: Value) => void; reject: (reason: Error) => void } | undefined;
  const promise = new Promise<Value>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, settle: settle as NonNullable<typeof settle> };
}
