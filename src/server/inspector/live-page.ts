import type { ServerResponse } from 'node:http';
import { CONTENT_POLICY } from '../../inspector/assets.js';
import type { Watchable } from '../../inspector/told.js';

/** Of the inspector's files: they ask nothing elsewhere, and stand in no other page's frame. */
export const pageHeaders = (type: string): Record<string, string> => ({
  'content-type': type,
  'content-security-policy': CONTENT_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
});

/** Tells a page what the engine holds until it leaves or the server stops. A page that reads slowly sees fewer moments. `look`: how much. */
export function showLive(feed: Watchable, response: ServerResponse, stop: AbortSignal, look = { tree: true }): void {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  const leave = feed.watch((event) => {
    if (response.writableLength > 0) return false;
    response.write(event);
    return true;
  }, look);
  const end = () => response.end();
  stop.addEventListener('abort', end, { once: true });
  response.once('close', () => {
    leave();
    stop.removeEventListener('abort', end);
  });
}
