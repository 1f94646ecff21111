import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { asset } from '../../inspector/assets.js';
import type { Watchable } from '../../inspector/told.js';
import { makeGate } from '../http/api-keys.js';
import { HttpError } from '../http/http-error.js';
import { listening } from '../start.js';
import { pageHeaders, showLive } from './live-page.js';

const HOST = '127.0.0.1';

/** A page that is served. */
export interface ServedPage {
  /** Where to open it. */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the inspector's page over what is watched, to this machine alone. `port` 0: a free one. Rejects with INVALID_OPTION. */
export async function serveRecording(feed: Watchable, port: number): Promise<ServedPage> {
  const stop = new AbortController();
  const gate = makeGate({ apiKeys: [], host: HOST });
  const server = createServer((request, response) => {
    const fail = (status: number, text: string) =>
      response.writeHead(status, { 'content-type': 'text/plain' }).end(`${text}\n`);
    try {
      gate(request);
    } catch (reason) {
      fail(reason instanceof HttpError ? reason.failure.status : 500, (reason as Error).message);
      return;
    }
    const [path = ''] = (request.url ?? '').split('?');
    if (path === '/') response.writeHead(302, { location: '/inspector' }).end();
    else if (path === '/inspector/events') showLive(feed, response, stop.signal);
    else {
      const name = /^\/inspector(?:\/([^/]*))?$/.exec(path);
      const file = name ? asset(name[1] ?? '') : undefined;
      if (file) response.writeHead(200, pageHeaders(file.type)).end(file.text);
      else fail(404, `Nothing at ${path}`);
    }
  });
  await listening(server, { host: HOST, port });
  const closed = new Promise<void>((resolve) => server.once('close', resolve));
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}/inspector`,
    close: () => {
      stop.abort();
      server.close();
      server.closeAllConnections();
      return closed;
    },
  };
}
