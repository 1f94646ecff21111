import { openWorker, type WorkerPlace } from '../../workers/open-worker.js';
import { withProgress } from '../load-model.js';
import type { Stop } from '../stop.js';

/** Serves an engine on a socket until a signal comes; the second signal ends the process at once. */
export async function worker({ engine, ...place }: WorkerPlace, stop: Stop): Promise<void> {
  const opened = await withProgress((onProgress) => openWorker({ ...place, engine: { ...engine, onProgress } }));
  const { name, architecture, maxContext } = opened.engine.info;
  process.stderr.write(`${name || architecture}, ${maxContext} tokens of context a request\n`);
  process.stdout.write(`${opened.url}\n`);
  await stop.requested();
  await opened.close();
}
