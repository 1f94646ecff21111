import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Looked, textOfMoment } from '../../src/inspector/moment-text.js';
import { rowsOf, type Shown, shownAfter } from '../../src/inspector/page/shown.js';
import type { Told } from '../../src/inspector/told-types.js';

// A page that is told what changed has what a page has that is told all.

const FIELDS = ['id', 'parent', 'users'];
type Node = readonly [id: number, parent: number, users: number];

const table = (rows: readonly Node[]) => ({ fields: FIELDS, rows: Float64Array.from(rows.flat()) });
const NONE = table([]);

const looked = (nodes: readonly Node[], holds: readonly Node[], pages: Uint8Array): Looked => ({
  moment: {
    model: 'x',
    words: { kept: [], waitsFor: [], classes: [], phases: [] },
    ...{ pagesPerCell: 1, nodesLeftOut: 0, waitingLeftOut: 0, programsLeftOut: 0, pagesTotal: 1, pagesFree: 0 },
    ...{ pageTokens: 32, sums: { promptTokens: 0, cachedTokens: 0, pagesEvicted: 0 }, nowMs: 0 },
  },
  tables: { nodes: table(nodes), holds: table(holds), requests: NONE, programs: NONE, steps: NONE },
  pages,
});
const told = (text: string) => JSON.parse(text) as Told;
const seen = ({ tables, pages }: Shown) => [rowsOf(tables.nodes), rowsOf(tables.holds), [...pages]];

test('told what changed, a page has what it would have if told all', () => {
  const number = fc.integer({ min: 0, max: 12 });
  const rows = fc.array(fc.tuple(number, number, number), { maxLength: 24 });
  const named = fc.uniqueArray(fc.tuple(number, fc.constant(0), fc.nat(2)), { selector: ([id]) => id });
  const look = fc.record({ nodes: named, holds: rows, pages: fc.uint8Array({ max: 3, maxLength: 40 }) });
  fc.assert(
    fc.property(fc.array(look, { minLength: 2, maxLength: 6 }), (looks) => {
      let has: Looked | undefined;
      let page: Shown | undefined;
      for (const { nodes, holds, pages } of looks) {
        const now = looked(nodes, holds, pages);
        page = shownAfter(page, told(textOfMoment(now, has)));
        expect(seen(page)).toEqual(seen(shownAfter(undefined, told(textOfMoment(now, undefined)))));
        has = now;
      }
    }),
  );
});

test('of ten thousand nodes those are told that changed, also where others came or went before them', () => {
  const nodes = Array.from({ length: 10_000 }, (_, at): Node => [at + 1, 0, 0]);
  const before = looked(nodes, nodes, new Uint8Array(20_000));
  const changed = nodes.map((node): Node => (node[0] === 700 ? [700, 0, 1] : node)).filter(([id]) => id % 1_000 !== 0);
  changed.splice(5_000, 0, [10_001, 0, 0]);
  const pages = new Uint8Array(20_000);
  pages[77] = 3;
  const now = looked(changed, changed, pages);
  const text = textOfMoment(now, before);
  expect(text.length).toBeLessThan(2_000);
  expect(textOfMoment(now, undefined).length).toBeGreaterThan(500_000);
  const page = shownAfter(shownAfter(undefined, told(textOfMoment(before, undefined))), told(text));
  expect(rowsOf(page.tables.nodes).map(({ id, parent, users }) => [id, parent, users])).toEqual(changed);
  expect(page.pages).toEqual(pages);
});
