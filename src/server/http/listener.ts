import { createServer, type Server as NodeServer, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createAdaptorServer } from '@hono/node-server';
import { invalidOption } from '../../kit/option-checks.js';
import type { ServerSettings } from '../server-options.js';

/** Of all headers of a request together; more are answered with 431. */
const MOST_HEADER_BYTES = 64 * 1_024;
/** A connection without a request stays open that long: longer than proxies and clients keep theirs, so that they close first. */
const KEEP_ALIVE_MS = 75_000;
const HEADERS_MS = 60_000;
const CHECK_MS = 30_000;

type Listening = Pick<ServerSettings, 'host' | 'receiveMs' | 'tlsCert' | 'tlsKey'>;

/**
 * Node's server of an app, over TLS where there is a certificate. A request must have come whole within `receiveMs` (408): only
 * how long it takes to send is limited, never how long its answer takes. Throws INVALID_OPTION for a certificate that is none.
 */
export function makeListener(
  fetch: (request: Request, bindings: never) => Response | Promise<Response>,
  { host, receiveMs, tlsCert, tlsKey }: Listening,
): NodeServer {
  const limits: ServerOptions = {
    maxHeaderSize: MOST_HEADER_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: receiveMs,
    headersTimeout: Math.min(HEADERS_MS, receiveMs),
    connectionsCheckingInterval: Math.min(CHECK_MS, receiveMs),
    noDelay: true,
  };
  // The program that we are part of keeps its own Request and Response.
  const app = { fetch: fetch as never, hostname: host, overrideGlobalObjects: false };
  if (tlsCert === undefined || tlsKey === undefined) {
    return createAdaptorServer({ ...app, createServer, serverOptions: limits }) as NodeServer;
  }
  try {
    const serverOptions = { ...limits, cert: tlsCert, key: tlsKey };
    return createAdaptorServer({ ...app, createServer: createTlsServer, serverOptions }) as NodeServer;
  } catch (cause) {
    throw invalidOption('tlsCert', `a certificate in PEM with its key: ${(cause as Error).message}`, tlsCert);
  }
}
