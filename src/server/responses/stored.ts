import type { Exchange } from '../http/exchange.js';
import { HttpError } from '../http/http-error.js';
import type { ResponseStore } from './store.js';

/** GET /v1/responses/:id: the response as it ended. */
export function getResponse(exchange: Exchange, store: ResponseStore, id: string): void {
  exchange.json(200, known(store, id).response);
}

/** GET /v1/responses/:id/input_items: what was sent with it, the latest first, in one page. */
export function listInput(exchange: Exchange, store: ResponseStore, id: string): void {
  const items = known(store, id).input.map((item, index) => ({
    id: `item_${index}`,
    type: 'message',
    ...(item as object),
  }));
  const data = items.reverse();
  exchange.json(200, {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: false,
  });
}

/** DELETE /v1/responses/:id. */
export function deleteResponse(exchange: Exchange, store: ResponseStore, id: string): void {
  known(store, id);
  store.delete(id);
  exchange.json(200, { id, object: 'response', deleted: true });
}

function known(store: ResponseStore, id: string) {
  const stored = store.get(id);
  if (stored === undefined) throw new HttpError(404, 'not_found', `No response ${id} is kept here`);
  return stored;
}
