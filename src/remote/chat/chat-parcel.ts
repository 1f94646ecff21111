import type { ChatInput } from '../../native/binding.js';
import { PAGE_TOKENS, pageKeys } from '../../pool/page-keys.js';
import type { Parcel } from '../servers/trip.js';

/** A token in the mean, of most vocabularies and texts. */
const BYTES_PER_TOKEN = 4;

/**
 * A conversation as it is chosen for. Tokens are not known, so pages are of bytes, of the tools and then the messages as JSON: that is the
 * order in which providers cache them. A conversation that goes on has all full pages of the one before.
 */
export function parcelOf({ tools, messages }: Pick<ChatInput, 'tools' | 'messages'>, program: number): Parcel {
  const said = messages instanceof Uint8Array ? messages : Buffer.from(JSON.stringify(messages));
  const bytes = Buffer.concat([Buffer.from(JSON.stringify(tools)), said]);
  const keys = pageKeys('', bytes, PAGE_TOKENS * BYTES_PER_TOKEN);
  return { keys, promptTokens: Math.ceil(bytes.length / BYTES_PER_TOKEN), program, ttftLimitMs: 0 };
}
