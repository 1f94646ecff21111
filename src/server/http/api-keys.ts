import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isLoopback, type ServerSettings } from '../server-options.js';
import { HttpError } from './http-error.js';

/** Lets a request in, or throws HttpError 401 or 403. */
export type Gate = (request: IncomingMessage) => void;

/**
 * Keys are compared by their digests, in the same time whatever they are. A server on loopback without keys answers only
 * to its own names: a web page whose name was made to point at this machine (DNS rebinding) gets 403.
 */
export function makeGate({ apiKeys, host }: Pick<ServerSettings, 'apiKeys' | 'host'>): Gate {
  const known = apiKeys.map(digest);
  return ({ headers }) => {
    if (known.length === 0) {
      if (isLoopback(host) && !isLoopback(hostName(headers.host ?? ''))) {
        throw new HttpError(
          403,
          'forbidden_host',
          'This server answers to localhost only: pass it API keys to open it',
        );
      }
      return;
    }
    const key = /^Bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1] ?? headers['x-api-key'];
    const given = digest(typeof key === 'string' ? key : '');
    if (known.filter((one) => timingSafeEqual(one, given)).length === 0) {
      throw new HttpError(401, 'invalid_api_key', 'No such API key: send it as `Authorization: Bearer <key>`');
    }
  };
}

const digest = (key: string) => createHash('sha256').update(key).digest();

/** Without its port. */
const hostName = (host: string) => host.replace(/:\d+$/, '');
