import { readFileSync } from 'node:fs';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { cors } from 'hono/cors';
import { asset } from '../inspector/assets.js';
import { hasCode } from '../kit/errors.js';
import { callerTrace } from '../observe/caller-trace.js';
import { anthropicError } from './anthropic/error-body.js';
import { countTokens, messages } from './anthropic/messages.js';
import { type Client, makeGate, mayAskOf } from './http/api-keys.js';
import { Exchange, type ServerContext } from './http/exchange.js';
import { HttpError, noRoute, retryHeaders, toHttpFailure } from './http/http-error.js';
import { pageHeaders, showLive } from './inspector/live-page.js';
import { readAskedText, readText } from './inspector/read-text.js';
import { swapModel } from './models/swap-model.js';
import { chatCompletions } from './openai/chat-completions.js';
import { completions } from './openai/completions.js';
import { embeddings } from './openai/embeddings.js';
import { openaiError, wireName } from './openai/error-body.js';
import { detokenize, tokenize } from './openai/tokenize.js';
import { createResponse } from './responses/responses.js';
import type { ResponseStore } from './responses/store.js';
import { deleteResponse, getResponse, listInput } from './responses/stored.js';
import { hints, tokens } from './tokens/tokens.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

type Env = { Bindings: HttpBindings; Variables: { client: Client | undefined } };

/** All routes of a server. Answers are written to Node's own response: see SseWriter. */
export function makeApp(context: ServerContext): Hono<Env> {
  const { settings, catalog, door, swaps } = context;
  const gate = makeGate(settings, context.tenants);
  const app = new Hono<Env>();
  const exchanges = new WeakMap<object, Exchange>();
  const exchange = (c: Context<Env>) => {
    const { incoming, outgoing } = c.env;
    const known = exchanges.get(incoming) ?? new Exchange(context, incoming, outgoing, c.get('client'));
    exchanges.set(incoming, known);
    return known;
  };
  const face = (answer: (exchange: Exchange) => Promise<void>) => async (c: Context<Env>) => {
    const one = exchange(c);
    const caller = c.req.header('traceparent');
    await (caller === undefined ? answer(one) : callerTrace.run(caller, () => answer(one)));
    return RESPONSE_ALREADY_SENT;
  };
  const failed = (reason: unknown, c: Context<Env>) => {
    const failure = toHttpFailure(reason, (field) => wireName(field, c.req.path));
    if (hasCode(reason, 'BACKPRESSURE')) {
      // The engine says when this one would be in time, had it been the only one that was refused.
      failure.retryAfterMs = Math.max(failure.retryAfterMs ?? 0, exchange(c).places.later(1));
    }
    const { anthropicRequestId: requestId } = exchange(c);
    const headers = { 'request-id': requestId, ...retryHeaders(failure) };
    const { status } = failure;
    if (c.req.path.startsWith('/v1/messages')) {
      exchange(c).fail(status, anthropicError(failure, requestId), headers, 'error');
    } else if (c.req.path.startsWith('/v1/responses') && exchange(c).opened) {
      exchange(c).fail(status, { ...openaiError(failure), type: 'error', sequence_number: 0 }, headers, 'error');
    } else exchange(c).fail(status, { error: openaiError(failure) }, headers);
    return RESPONSE_ALREADY_SENT;
  };

  if (settings.corsOrigins.length > 0) {
    app.use(cors({ origin: settings.corsOrigins }));
    app.use(async ({ env, req }, next) => {
      const origin = settings.corsOrigins.find((known) => known === req.header('origin'));
      if (origin !== undefined) env.outgoing.setHeader('access-control-allow-origin', origin);
      env.outgoing.setHeader('vary', 'origin');
      await next();
    });
  }
  app.get('/health', (c) => c.json({ status: 'ok', normalized: catalog.changes }));
  app.get('/ready', (c) => (context.draining.aborted ? c.json({ status: 'stopping' }, 503) : c.json({ status: 'ok' })));
  app.get('/version', (c) => c.json({ version }));
  app.get('/inspector/:name?', (c, next) => {
    const file = settings.inspector ? asset(c.req.param('name') ?? '') : undefined;
    return file ? c.body(file.text, 200, pageHeaders(file.type)) : next();
  });
  app.use(async (c, next) => {
    c.set('client', gate(c.env.incoming));
    await next();
  });

  app.get('/metrics', async (c) => {
    const { counts } = catalog;
    checkAdmin(c.get('client'));
    if (!counts) throw new HttpError(404, 'not_found', 'Metrics are switched off');
    const text = await counts.text(c.req.query('model'));
    return c.body(text, 200, { 'content-type': counts.registry.contentType, 'cache-control': 'no-store' });
  });

  app.get('/inspector/events', (c) => {
    checkAdmin(c.get('client'));
    const feed = catalog.inspected(c.req.query('model'));
    if (!feed) throw new HttpError(404, 'not_found', 'The inspector is switched off, or no model is loaded');
    showLive(feed, c.env.outgoing, context.stop, { tree: c.req.query('tree') !== '0' });
    return RESPONSE_ALREADY_SENT;
  });

  app.get('/inspector/text', async (c) => {
    const client = c.get('client');
    checkAdmin(client);
    const feed = catalog.inspected(c.req.query('model'));
    if (!feed) throw new HttpError(404, 'not_found', 'The inspector is switched off, or no model is loaded');
    const text = await readText(feed, readAskedText(c.req.query()), client?.tenant?.name ?? '');
    return c.json(text, 200, { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  });

  app.get('/v1/models', (c) => {
    const data = catalog.entries(mayAskOf(c.get('client')));
    return c.json({ object: 'list', data, models: data });
  });
  app.get('/v1/models/:name{.+}', (c) => c.json(catalog.entry(c.req.param('name'), mayAskOf(c.get('client')))));
  if (swaps) {
    app.post('/v1/models/swap', (c) => {
      checkAdmin(c.get('client'));
      return face((one) => swapModel(one, swaps, catalog))(c);
    });
  }
  app.post('/v1/chat/completions', face(chatCompletions));
  app.post('/v1/completions', face(completions));
  app.post('/v1/embeddings', face(embeddings));
  app.post('/v1/messages', face(messages));
  app.post('/v1/messages/count_tokens', face(countTokens));
  app.post('/tokenize', face(tokenize));
  app.post('/detokenize', face(detokenize));
  if (door) {
    app.post(
      '/v1/tokens',
      face((one) => tokens(one, door)),
    );
    app.post(
      '/v1/hints',
      face((one) => hints(one, door)),
    );
  }

  const stored =
    (answer: (exchange: Exchange, store: ResponseStore, id: string) => void) =>
    (c: Context<Env, '/v1/responses/:id'>) => {
      const one = exchange(c);
      answer(one, one.responses, c.req.param('id'));
      return RESPONSE_ALREADY_SENT;
    };
  app.post(
    '/v1/responses',
    face((one) => createResponse(one, one.responses)),
  );
  app.get('/v1/responses', (c, next) => {
    if (c.req.header('upgrade') === undefined) return next();
    // Some clients try a WebSocket first, and take no other status as a reason not to try again before they POST.
    c.env.outgoing.setHeader('upgrade', 'HTTP/1.1');
    throw new HttpError(426, 'no_websocket', 'Responses are streamed as server-sent events: POST /v1/responses');
  });
  app.get('/v1/responses/:id', stored(getResponse));
  app.delete('/v1/responses/:id', stored(deleteResponse));
  app.get('/v1/responses/:id/input_items', stored(listInput));

  app.notFound((c) => failed(noRoute(c.req.method, c.req.path), c));
  app.onError(failed);
  return app;
}

/** Throws HttpError 403 for one who may not read what is of all tenants. */
function checkAdmin(client: Client | undefined): void {
  if (!client?.admin) throw new HttpError(403, 'not_admin', 'This key is no key of an administrator');
}
