import { z } from 'zod';
import type { NativeClass } from '../../native/vocabulary.js';
import { maybe } from './wire-body.js';

/** What OpenAI's bodies say of how urgent a request is. */
export const serviceTier = maybe(z.string());

const CLASSES: ReadonlyMap<string, NativeClass> = new Map([
  ['priority', 'interactive'],
  ['fast', 'interactive'],
  ['flex', 'background'],
  ['batch', 'background'],
]);

/** The class that a tier asks for. Undefined for `auto`, `default` and names that are not known: the server's own. */
export const classOf = (tier: z.infer<typeof serviceTier>): NativeClass | undefined => CLASSES.get(tier ?? '');
