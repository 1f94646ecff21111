import type { EngineOptions } from '../../engine/engine-options.js';
import { invalidOption } from '../../kit/option-checks.js';
import { readTable } from '../../kit/option-table.js';
import type { Models, SwapReport } from '../../models/models.js';
import { SWAP } from '../../models/use-options.js';
import { LOAD } from '../../native/load-options.js';
import { flag, name, required, text } from '../../native/option-kinds.js';
import type { Exchange } from '../http/exchange.js';
import { HttpError, toHttpFailure } from '../http/http-error.js';
import { openaiError } from '../openai/error-body.js';
import type { Catalog } from './catalog.js';

/** What a body says. What it leaves out of the options of a load stays as it is. */
const BODY = {
  /** Which of the server's models, by its name or another name of it. */
  model: required(name()),
  /** The file in its place, as for `--model`. */
  source: required(text()),
  kvTokens: LOAD.kvTokens,
  maxContext: LOAD.maxContext,
  chatTemplate: text(),
  drainMs: SWAP.drainMs,
  /** Tells where it is, as server-sent events. */
  stream: flag(false),
};

/** POST /v1/models/swap: another file under a model's name. A client that leaves ends it as long as the old one serves. */
export async function swapModel(exchange: Exchange, models: Models, catalog: Catalog): Promise<void> {
  const { model, source, drainMs, stream, ...asked } = bodyOf(await exchange.plainBody());
  const meant = catalog.meant(model, () => true);
  const options: EngineOptions = { ...models.options(meant), ...asked, model: source };
  const signal = exchange.signal();
  const report = ({ sessions, beside }: SwapReport) => {
    // Requests under way go on with the engine that they began with.
    const retired = models.report().find(({ name: one }) => one === meant)?.retired ?? 0;
    return { object: 'model.swap', model: meant, sessions, beside, retired };
  };
  if (!stream) {
    exchange.json(200, report(await models.swap(meant, options, { signal, drainMs })));
    return;
  }
  const events = exchange.sse({}, () => ': it goes on\n\n');
  try {
    const onProgress = (progress: object) => events.send({ object: 'model.swap.progress', ...progress });
    events.send(report(await models.swap(meant, options, { signal, drainMs, onProgress })));
  } catch (reason) {
    events.send({ error: openaiError(toHttpFailure(reason)) }, 'error');
  }
  events.end();
}

/** Throws HttpError 400 with the field. */
function bodyOf(value: unknown) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new HttpError(400, 'invalid_request', 'The body must be an object');
  }
  const body = readTable('body', value as Parameters<typeof readTable>[1], BODY) as Body;
  if (body.source === '') throw invalidOption('source', 'a path, hf:user/repo:quant or a URL', '');
  return body;
}

interface Body extends Pick<EngineOptions, 'kvTokens' | 'maxContext' | 'chatTemplate'> {
  model: string;
  source: string;
  drainMs?: number;
  stream?: boolean;
}
