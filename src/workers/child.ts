import { rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { asBanyanError } from '../kit/errors.js';
import type { FromWorker, ToWorker } from './messages.js';
import { type OpenWorker, openWorker } from './open-worker.js';

/*
 * The process of a worker that `Workers` started. It ends when it is told to, on SIGTERM, and when the process that started it is gone,
 * however that ended: the channel between them closes then.
 */

/** After the parent has gone: what is on its way to the disk may still get there. */
const ORPHAN_MS = 3_000;

const load = new AbortController();
let worker: OpenWorker | undefined;
let leaving = false;

function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message);
}

async function start({ engine, socket, drainMs }: Extract<ToWorker, { type: 'start' }>): Promise<void> {
  const { signal } = load;
  const onProgress = (progress: { stage: 'download' | 'load'; fraction: number }) =>
    tell({ type: 'progress', ...progress });
  try {
    worker = await openWorker({ engine: { ...engine, onProgress, signal }, socket, drainMs });
  } catch (reason) {
    const { code, message, field } = asBanyanError(reason);
    const failed: FromWorker = { type: 'failed', code, message, field };
    if (process.connected) process.send?.(failed, () => process.exit(1));
    return;
  }
  if (leaving) await leave(socket);
  else tell({ type: 'ready' });
}

async function leave(socket?: string): Promise<void> {
  leaving = true;
  load.abort();
  tell({ type: 'draining' });
  await worker?.close();
  if (socket !== undefined) await rmdir(dirname(socket)).catch(() => {}); // others may be there
  process.exit();
}

process.on('message', (message: ToWorker) => {
  if (message.type === 'close') return void leave();
  process.once('disconnect', () => {
    if (leaving) return;
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), ORPHAN_MS);
    void leave(message.socket);
  });
  void start(message);
});
process.on('SIGTERM', () => void leave());
process.on('SIGINT', () => {}); // of a terminal: it comes to the parent, too, which says what is to be done
