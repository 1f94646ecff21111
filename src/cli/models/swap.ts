import { createParser } from 'eventsource-parser';
import { BanyanError, messageOf } from '../../kit/errors.js';
import { invalidOption } from '../../kit/option-checks.js';
import { ProgressLine } from '../progress/progress-line.js';

export interface SwapFlags {
  url: string;
  kvTokens?: number;
  maxContext?: number;
  drainMs?: number;
  json: boolean;
}

/** What a server tells of a swap: where it is, then how it went, or an error. */
interface Told {
  stage?: 'load' | 'drain';
  fraction?: number;
  users?: number;
  sessions?: 'tokens' | 'messages';
  beside?: boolean;
  /** Engines whose requests go on. */
  retired?: number;
  error?: { message: string; code: string };
}

/**
 * `banyan models swap`: another file under a name of a running server. The key of an administrator is taken from BANYAN_API_KEY, as other
 * users of the machine see flags. `signal` ends it as long as the old one serves. Rejects with INVALID_OPTION, REMOTE_FAILED.
 */
export async function swap(model: string, source: string, flags: SwapFlags, signal: AbortSignal): Promise<void> {
  const { url, json, ...more } = flags;
  const line = new ProgressLine();
  try {
    for await (const told of toldOf(addressOf(url), { model, source, ...more, stream: true }, signal)) {
      const { stage, fraction = 0, users = 0 } = told;
      if (stage) line.show(stage === 'load' ? 'Loading the model' : `Waiting for ${users} requests`, fraction);
      else {
        line.end();
        process.stdout.write(`${json ? JSON.stringify(told) : inWords(model, told)}\n`);
        return;
      }
    }
    throw failed(url, 'it ended before it told how it went: it may have gone either way');
  } finally {
    line.end();
  }
}

function inWords(model: string, { sessions, beside, retired = 0 }: Told): string {
  const gap = beside ? 'without a gap' : 'once requests under way had ended';
  const left = retired > 0 ? '; requests under way end on the old one' : '';
  return `${model} was swapped ${gap}; conversations go on by their ${sessions}${left}`;
}

const failed = (url: string, what: string, cause?: unknown) =>
  new BanyanError('REMOTE_FAILED', `${url}: ${what}`, { cause });

function addressOf(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw invalidOption('url', 'such as http://127.0.0.1:8080', address);
  return new URL('/v1/models/swap', url.origin);
}

async function* toldOf(url: URL, body: object, signal: AbortSignal): AsyncGenerator<Told, void, undefined> {
  const key = process.env.BANYAN_API_KEY;
  const headers = {
    'content-type': 'application/json',
    ...(key !== undefined && { authorization: `Bearer ${key}` }),
  };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal }).catch(
    (cause: unknown) => {
      const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
      throw failed(url.origin, messageOf(why), cause);
    },
  );
  if (!answer.ok || !answer.body) throw failed(url.origin, await refusalOf(answer));
  const read: Told[] = [];
  const parser = createParser({ onEvent: ({ data }) => void read.push(JSON.parse(data)) });
  for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
    parser.feed(text);
    for (const told of read.splice(0)) {
      if (told.error) throw failed(url.origin, `${told.error.code}: ${told.error.message}`);
      yield told;
    }
  }
}

async function refusalOf(answer: Response): Promise<string> {
  const { status } = answer;
  const { error } = Object(await answer.json().catch(() => ({}))) as Told;
  if (status === 401) return 'it answered 401: set BANYAN_API_KEY to the key of an administrator';
  if (status === 404 && error?.code === 'not_found')
    return 'it takes no swaps: start it with --swaps, and several models';
  return `it answered ${status}${error ? `, ${error.code}: ${error.message}` : ''}`;
}
