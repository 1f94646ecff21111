import type { Backend } from '../backend/backend.js';
import type { ServerStats } from './server-stats.js';

/** What a RemoteEngine has behind it: a backend that knows its servers. */
export interface RemoteDoor extends Backend {
  /** What is known of each server, in the order in which they were given. */
  servers(): ServerStats[];
  /** Sends nothing new there, or does so again; resolves once nothing is under way there. Rejects with INVALID_OPTION. */
  drain(url: string, draining: boolean): Promise<void>;
}
