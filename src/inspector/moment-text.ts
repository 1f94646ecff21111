import { allRows, changedRows } from './changed-rows.js';
import { packed } from './told.js';
import type { Moment, TableName, Told } from './told-types.js';

interface Table {
  readonly fields: readonly string[];
  readonly rows: Float64Array;
}

/** A look at an engine. */
export interface Looked {
  readonly moment: Moment;
  readonly tables: Readonly<Record<TableName, Table>>;
  readonly pages: Uint8Array;
}

const NONE = { rows: '' };

/**
 * A moment as JSON, without calls. `has`: what the page was told last, and it is told what differs; undefined: all. A page without the tree
 * gets neither nodes nor page map, and all of the rest, which is small.
 */
export function textOfMoment({ moment, tables, pages }: Looked, has: Looked | 'no tree' | undefined): string {
  const table = (name: 'nodes' | 'holds') => {
    if (has === 'no tree') return { fields: tables[name].fields, ...NONE };
    return has ? changedTable(has.tables[name], tables[name]) : packed(tables[name]);
  };
  const told: Omit<Told, 'calls'> = {
    ...moment,
    tables: {
      nodes: table('nodes'),
      holds: table('holds'),
      requests: packed(tables.requests),
      programs: packed(tables.programs),
      steps: packed(tables.steps),
    },
    pages: has === 'no tree' ? NONE : has ? changedRows(has.pages, pages, 1, false) : allRows(pages),
  };
  return JSON.stringify(told);
}

const changedTable = (before: Table, { fields, rows }: Table) => {
  return { fields, ...changedRows(before.rows, rows, fields.length, true) };
};
