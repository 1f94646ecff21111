import type { ServerResponse } from 'node:http';

/** A signal that aborts when the client closes its connection before the response is whole, or when `also` aborts. */
export function clientGone(response: ServerResponse, also: AbortSignal): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort(new Error('the client has closed the connection'));
  });
  if (response.destroyed) gone.abort(new Error('the client has closed the connection'));
  return AbortSignal.any([gone.signal, also]);
}
