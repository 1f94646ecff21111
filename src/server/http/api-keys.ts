import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isLoopback, type ServerSettings } from '../server-options.js';
import type { Tenant } from '../tenants/tenant.js';
import type { Tenants } from '../tenants/tenants.js';
import { HttpError } from './http-error.js';

/** Who asks. */
export interface Client {
  /** Undefined: clients are not told apart. */
  readonly tenant: Tenant | undefined;
  /** May read what is of all tenants. */
  readonly admin: boolean;
}

/** One who is told apart from no other. */
const ANYONE: Client = { tenant: undefined, admin: true };

/** Whether a client may ask for a model of this name; one who was not let in may ask for none. */
export const mayAskOf =
  (client: Client | undefined) =>
  (model: string): boolean =>
    client !== undefined && (client.tenant?.mayAsk(model) ?? true);

/** Lets a request in and says who asks, or throws HttpError 401 or 403. */
export type Gate = (request: IncomingMessage) => Client;

/**
 * Keys are compared by their digests, in the same time whatever they are. A server on loopback without keys answers only
 * to its own names: a web page whose name was made to point at this machine (DNS rebinding) gets 403.
 */
export function makeGate({ apiKeys, host }: Pick<ServerSettings, 'apiKeys' | 'host'>, tenants?: Tenants): Gate {
  const known = apiKeys.map(digest);
  return ({ headers }) => {
    if (known.length === 0 && !tenants) {
      if (isLoopback(host) && !isLoopback(hostName(headers.host ?? ''))) {
        throw new HttpError(
          403,
          'forbidden_host',
          'This server answers to localhost only: pass it API keys to open it',
        );
      }
      return ANYONE;
    }
    const key = /^Bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1] ?? headers['x-api-key'];
    const text = typeof key === 'string' ? key : '';
    const given = digest(text);
    if (known.filter((one) => timingSafeEqual(one, given)).length > 0) return ANYONE;
    const tenant = tenants?.of(text);
    if (tenant) return { tenant, admin: tenant.admin };
    throw new HttpError(401, 'invalid_api_key', 'No such API key: send it as `Authorization: Bearer <key>`');
  };
}

const digest = (key: string) => createHash('sha256').update(key).digest();

/** Without its port. */
const hostName = (host: string) => host.replace(/:\d+$/, '');
