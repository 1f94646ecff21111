/** An element of the page, which has it. */
export function find<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  return document.getElementById(id) as Kind;
}

/** An element with a text: names from outside are never markup. */
export function line(tag: string, text: string): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

/** Shows a text, and touches nothing where it is there. An empty one takes no room. */
export function say(id: string, text: string): void {
  const element = find(id);
  if (element.textContent !== text) element.textContent = text;
  element.hidden = text === '';
}

/** A cell of a row: its text, or that with what it is sorted by and what is said of it. */
export type Cell =
  | string
  | { readonly text: string; readonly by?: number; readonly title?: string; readonly low?: boolean };

/** A row to be shown. `key`: the same one is the same row in later moments. */
export interface Line {
  readonly key: string;
  readonly cells: readonly Cell[];
  readonly chosen?: boolean;
}

const shownRows = new Map<string, Map<string, HTMLTableRowElement>>();
const sorting = new Map<string, { readonly column: number; readonly down: boolean }>();

const textOf = (cell: Cell | undefined) => (typeof cell === 'object' ? cell.text : (cell ?? ''));
/** A dash goes last, whichever way. */
const sortValue = (cell: Cell | undefined) => {
  const by = typeof cell === 'object' ? cell.by : undefined;
  const read = by ?? Number.parseFloat(textOf(cell).replaceAll(',', ''));
  return Number.isNaN(read) ? undefined : read;
};

/** Whether an order was chosen: then all rows are needed to know the first ones. */
export const isSorted = (id: string) => sorting.has(id);

function inOrder(id: string, lines: readonly Line[]): readonly Line[] {
  const order = sorting.get(id);
  if (!order) return lines;
  const { column, down } = order;
  return [...lines].sort((one, other) => {
    const [a, b] = [sortValue(one.cells[column]), sortValue(other.cells[column])];
    if (a === undefined && b === undefined) {
      const compared = textOf(one.cells[column]).localeCompare(textOf(other.cells[column]));
      return down ? -compared : compared;
    }
    if (a === undefined || b === undefined) return a === undefined ? 1 : -1;
    return down ? b - a : a - b;
  });
}

/** Lets the heads of a table sort it: at first the largest on top, then the smallest, then as it comes. `changed`: fills it anew. */
export function sortable(id: string, changed: () => void): void {
  const heads = [...(find<HTMLTableElement>(id).tHead?.rows[0]?.cells ?? [])];
  heads.forEach((head, column) => {
    head.firstElementChild?.addEventListener('click', () => {
      const before = sorting.get(id);
      if (before?.column !== column) sorting.set(id, { column, down: true });
      else if (before.down) sorting.set(id, { column, down: false });
      else sorting.delete(id);
      const order = sorting.get(id);
      heads.forEach((one, at) => {
        if (order?.column === at) one.ariaSort = order.down ? 'descending' : 'ascending';
        else one.removeAttribute('aria-sort');
      });
      changed();
    });
  });
}

/**
 * Shows the first `most` of these rows, in the order that was chosen. A row that was there stays the element that it is, and a text that
 * did not change is not touched, so that what is selected and who has the focus stays so. With `choose` the first cell is a button. Without
 * rows the table is hidden.
 */
export function fillTable(id: string, lines: readonly Line[], most: number, choose?: (key: string) => void): void {
  const table = find<HTMLTableElement>(id);
  table.hidden = lines.length === 0;
  const body = table.tBodies[0] as HTMLTableSectionElement;
  const before = shownRows.get(id) ?? new Map<string, HTMLTableRowElement>();
  const shown = inOrder(id, lines).slice(0, most);
  const now = new Map(
    shown.map(({ key, cells }) => [key, before.get(key) ?? makeRow(cells, choose && (() => choose(key)))]),
  );
  shownRows.set(id, now);
  for (const [key, row] of before) if (!now.has(key)) row.remove();
  const focused = document.activeElement as HTMLElement | null;
  shown.forEach(({ key, cells, chosen = false }, place) => {
    const row = now.get(key) as HTMLTableRowElement;
    cells.forEach((cell, column) => void fillCell(row.cells[column] as HTMLTableCellElement, cell));
    if (row.classList.contains('chosen') !== chosen) {
      row.classList.toggle('chosen', chosen);
      row.ariaCurrent = chosen ? 'true' : null;
    }
    if (body.rows[place] !== row) body.insertBefore(row, body.rows[place] ?? null);
  });
  if (focused !== document.activeElement && body.contains(focused)) focused?.focus(); // its row had to move
}

function fillCell(shown: HTMLTableCellElement, cell: Cell): void {
  const holder = shown.firstElementChild ?? shown;
  const text = textOf(cell);
  if (holder.textContent !== text) holder.textContent = text;
  const { title = '', low = false } = typeof cell === 'object' ? cell : {};
  if (shown.title !== title) shown.title = title;
  shown.classList.toggle('low', low);
}

function makeRow(cells: readonly Cell[], choose: (() => void) | undefined): HTMLTableRowElement {
  const row = document.createElement('tr');
  row.append(...cells.map(() => document.createElement('td')));
  if (choose) {
    const button = document.createElement('button');
    button.addEventListener('click', choose);
    row.firstElementChild?.append(button);
  }
  return row;
}
