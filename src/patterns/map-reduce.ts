import type { GenerationResult } from '../engine/generation.js';
import type { Session } from '../engine/session.js';
import { readTable } from '../kit/option-table.js';
import { readList } from '../kit/read-options.js';
import { callback, type OptionsOf } from '../native/option-kinds.js';
import { ask, BRANCHES, branch, checkSession, patternTurn, required, type Said } from './branches.js';

export interface MapReduced {
  /** What was found in each item, in the order of the items. */
  readonly parts: readonly GenerationResult[];
  readonly answer: GenerationResult;
}

/** The table of the options. */
export const MAP_REDUCE = {
  ...BRANCHES,
  /** Options of the turn for each item. */
  mapTurn: patternTurn(),
  /** Options of the last turn. */
  reduceTurn: patternTurn(),
};

export interface MapReduceOptions<Item> extends OptionsOf<typeof MAP_REDUCE> {
  /** What is asked about an item. */
  map: (item: Item, index: number) => Said;
  /** What is asked about all that was found. */
  reduce: (parts: readonly GenerationResult[]) => Said;
}

/**
 * One question about each item, side by side on forks of the session, then one about all answers, in the session itself, which
 * goes on. Instructions and history are computed once. Rejects with INVALID_OPTION, SESSION_BUSY, ABORTED, CLOSED, and what a
 * turn throws; all turns have ended then.
 */
export async function mapReduce<Item>(
  session: Session,
  items: readonly Item[],
  options: MapReduceOptions<Item>,
): Promise<MapReduced> {
  const table = {
    ...MAP_REDUCE,
    map: callback<MapReduceOptions<Item>['map']>(),
    reduce: callback<MapReduceOptions<Item>['reduce']>(),
  };
  const { map, reduce, mapTurn, reduceTurn, signal, atOnce } = readTable(
    'options',
    options,
    table,
  ) as MapReduceOptions<Item>;
  required('map', map);
  required('reduce', reduce);
  const tasks = readList('items', items).map((item, index) => ask(map(item, index), mapTurn));
  const ended = await branch(checkSession('session', session), tasks, { signal, atOnce });
  const parts = ended.map(({ value }) => value);
  const answer = await session.generate(reduce(parts), { ...reduceTurn, ...(signal && { signal }) }).result;
  return { parts, answer };
}
