import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Places } from './places.js';

/** Routes that are told apart; all others, which clients make up, are one. */
const ROUTES =
  /^\/(?:v1\/(?:chat\/completions|completions|embeddings|messages\/count_tokens|messages|responses|models)|tokenize|detokenize|metrics|inspector|health|ready|version)(?=\/|$)/;

/** Counts responses by route and status, and the places that are taken. */
export function countResponses(server: Server, registry: Registry, places: Pick<Places, 'taken'>): void {
  const registers = [registry];
  const responses = new Counter({
    name: 'banyan_http_responses_total',
    help: 'Responses by route and status; gone: the client had left before.',
    labelNames: ['route', 'status'],
    registers,
  });
  new Gauge({
    name: 'banyan_http_places',
    help: 'Answers under way or waiting.',
    registers,
    collect() {
      this.set(places.taken);
    },
  });
  server.on('request', ({ url = '' }: IncomingMessage, response: ServerResponse) => {
    response.once('close', () => {
      const route = ROUTES.exec(url.split('?', 1)[0] ?? '')?.[0] ?? 'other';
      responses.inc({ route, status: response.headersSent ? response.statusCode : 'gone' });
    });
  });
}
