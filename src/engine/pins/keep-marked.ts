import type { Backend } from '../../backend/backend.js';
import type { KeepMark } from '../../chat/marks/keep-marks.js';
import type { Place } from '../../chat/marks/prompt-marks.js';
import type { Prepared } from '../../chat/prompt.js';
import { Pin } from '../prefix-cache.js';
import { Pins, type Wanted } from './pins.js';

/** Part of all pages that the marks of a program may hold: the rest stays for what runs. */
const SHARE = 0.5;

const pins = new WeakMap<Backend, Pins>();

/** The pins of marked messages and tools of an engine. */
function pinsOf(backend: Backend): Pins {
  const known = pins.get(backend);
  if (known) return known;
  const made = new Pins(
    {
      get closed() {
        return backend.closed;
      },
      pin: (tokens, options) => Pin.take(backend, tokens, options),
    },
    SHARE,
  );
  pins.set(backend, made);
  return made;
}

/** The places that have to be found in a prompt: those that the caller asked for, then those of the marks. */
export function placesOf(
  asked: readonly Place[] | undefined,
  marks: readonly KeepMark[],
): readonly Place[] | undefined {
  const own = marks.flatMap(({ place }) => place ?? []);
  return own.length === 0 ? asked : [...(asked ?? []), ...own];
}

/** A prompt whose places (of `placesOf`) were found: the caller's, and what is to be kept of it. */
export async function withKept<Prompt extends Prepared>(
  prepared: Promise<Prompt>,
  asked: readonly Place[] | undefined,
  marks: readonly KeepMark[],
): Promise<Prompt> {
  const prompt = await prepared;
  const found = prompt.marks?.slice(asked?.length ?? 0) ?? [];
  let next = 0;
  const keep = marks.map(({ place, ttlMs }): Wanted => {
    return { tokens: place ? (found[next++] ?? 0) : prompt.staticTokens, ttlMs };
  });
  return { ...prompt, marks: asked && prompt.marks?.slice(0, asked.length), keep };
}

/** Pins what is to be kept of a prompt that was computed. What there is no room for is not pinned. Never rejects. */
export async function keepMarked(backend: Backend, tenant: string, prompt: Prepared): Promise<void> {
  if (!prompt.keep?.length || backend.closed) return;
  await pinsOf(backend)
    .keep(prompt.prompt, prompt.keep, tenant)
    .catch(() => {}); // it was closed meanwhile
}
