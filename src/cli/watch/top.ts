import { createParser } from 'eventsource-parser';
import type { NotTold, Told } from '../../inspector/told-types.js';
import { BanyanError, messageOf } from '../../kit/errors.js';
import { invalidOption } from '../../kit/option-checks.js';
import { frameOf } from './frame.js';

export interface TopFlags {
  once: boolean;
  json: boolean;
  /** Of several: which model. */
  model?: string;
}

const ANYHOW = { rows: 1_000, columns: 1_000 };

/**
 * `banyan top`: what a server does, drawn anew four times a second; on no terminal, or with `once`, printed once. A key is taken from
 * BANYAN_API_KEY: other users of the machine see flags. Rejects with INVALID_OPTION, SERVER_FAILED.
 */
export async function top(address: string, { once, json, model }: TopFlags, signal: AbortSignal): Promise<void> {
  const output = process.stdout;
  const redraws = output.isTTY && !once && !json;
  if (redraws) output.write(ENTER);
  try {
    for await (const told of moments(eventsOf(address, model), signal)) {
      if (json) output.write(`${JSON.stringify(told)}\n`);
      else if (redraws) output.write(redrawn(frameOf(told, { rows: output.rows, columns: output.columns })));
      else output.write(`${frameOf(told, ANYHOW).join('\n')}\n`);
      if (!redraws) return;
    }
  } finally {
    if (redraws) output.write(LEAVE);
  }
}

/** The other screen of a terminal, without a cursor; and back. */
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';

/** From the top left; each line is cleared behind its end, and all below the last one. */
const redrawn = (lines: readonly string[]) => `\u001b[H${lines.map((line) => `${line}\u001b[K`).join('\r\n')}\u001b[J`;

function eventsOf(address: string, model: string | undefined): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw invalidOption('url', 'such as http://127.0.0.1:8080', address);
  const events = new URL('/inspector/events?tree=0', url.origin);
  if (model !== undefined) events.searchParams.set('model', model);
  return events;
}

/** Moments of a server until it goes away. */
async function* moments(url: URL, signal: AbortSignal): AsyncGenerator<Told, void, undefined> {
  const failed = (what: string, cause?: unknown) =>
    new BanyanError('REMOTE_FAILED', `${url.origin}: ${what}`, { cause });
  const key = process.env.BANYAN_API_KEY;
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const answer = await fetch(url, { headers, signal }).catch((cause: unknown) => {
    throw failed(messageOf(cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause), cause);
  });
  if (!answer.ok || !answer.body) {
    const hint = answer.status === 401 ? ': set BANYAN_API_KEY to the key of an administrator' : '';
    await answer.body?.cancel();
    throw failed(`it answered ${answer.status}${hint}`);
  }
  const read: (Told | NotTold)[] = [];
  const parser = createParser({ onEvent: ({ data }) => void read.push(JSON.parse(data)) });
  for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
    parser.feed(text);
    for (const told of read.splice(0)) {
      if ('error' in told) throw failed(told.error);
      yield told;
    }
  }
}
