import { randomUUID } from 'node:crypto';
import { createWriteStream, openSync, type WriteStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { invalidOption } from '../../kit/option-checks.js';
import { PRIVATE } from '../../kit/private-file.js';

const LONGEST_PATH = 200;
/** An id of the client's that is taken over. */
const ID = /^[\w.:-]{1,128}$/;

/**
 * A line of JSON a request, written when its response has ended or its client has gone. It holds no text of a body and no query:
 * time, id, client, method, path, status (null: the client had gone before), ms, bytes in and out, and whether the response was
 * whole. The id is the client's `x-request-id`, else a new one, and goes back in that header.
 */
export class AccessLog {
  readonly #out: Pick<WriteStream, 'write'> | undefined;

  /** `undefined`: ids are given, nothing is written. */
  constructor(out: Pick<WriteStream, 'write'> | undefined) {
    this.#out = out;
  }

  /** To this file, behind what is in it; '-': to the standard output. Throws INVALID_OPTION when it cannot be opened. */
  static to(path: string | undefined): AccessLog {
    if (path === undefined) return new AccessLog(undefined);
    if (path === '-') return new AccessLog(process.stdout as unknown as WriteStream);
    try {
      const file = createWriteStream(path, { fd: openSync(path, 'a', PRIVATE) });
      file.on('error', ({ message }) => process.emitWarning(`The access log ${path} is not written: ${message}`));
      return new AccessLog(file);
    } catch (cause) {
      throw invalidOption('accessLog', `a file that can be written: ${(cause as Error).message}`, path);
    }
  }

  watch(request: IncomingMessage, response: ServerResponse): void {
    const given = request.headers['x-request-id'];
    const id = typeof given === 'string' && ID.test(given) ? given : randomUUID();
    response.setHeader('x-request-id', id);
    if (!this.#out) return;
    const [time, start] = [new Date().toISOString(), performance.now()];
    const { socket, method, url = '' } = request;
    const { remoteAddress: client, bytesWritten } = socket;
    response.once('close', () => {
      const path = url.split('?', 1)[0]?.slice(0, LONGEST_PATH);
      const status = response.headersSent ? response.statusCode : null;
      const ms = Math.round(performance.now() - start);
      const sizes = { in: Number(request.headers['content-length'] ?? 0), out: socket.bytesWritten - bytesWritten };
      const line = { time, id, client, method, path, status, ms, ...sizes, whole: response.writableFinished };
      this.#out?.write(`${JSON.stringify(line)}\n`);
    });
  }
}
