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

/** A row to be shown. `key`: the same one is the same row in later moments. */
export interface Line {
  readonly key: string;
  readonly cells: readonly string[];
  readonly chosen?: boolean;
}

const shownRows = new Map<string, Map<string, HTMLTableRowElement>>();

/**
 * Shows these rows. A row that was there stays the element that it is, and a text that did not change is not touched, so that what
 * is selected and who has the focus stays so. With `choose` the first cell is a button.
 */
export function fillTable(id: string, lines: readonly Line[], choose?: (key: string) => void): void {
  const body = find<HTMLTableElement>(id).tBodies[0] as HTMLTableSectionElement;
  const before = shownRows.get(id) ?? new Map<string, HTMLTableRowElement>();
  const now = new Map(
    lines.map(({ key, cells }) => [key, before.get(key) ?? makeRow(cells, choose && (() => choose(key)))]),
  );
  shownRows.set(id, now);
  for (const [key, row] of before) if (!now.has(key)) row.remove();
  const focused = document.activeElement as HTMLElement | null;
  lines.forEach(({ key, cells, chosen = false }, place) => {
    const row = now.get(key) as HTMLTableRowElement;
    cells.forEach((text, column) => {
      const cell = row.cells[column] as HTMLTableCellElement;
      const holder = cell.firstElementChild ?? cell;
      if (holder.textContent !== text) holder.textContent = text;
    });
    row.classList.toggle('chosen', chosen);
    if (body.rows[place] !== row) body.insertBefore(row, body.rows[place] ?? null);
  });
  if (focused !== document.activeElement && body.contains(focused)) focused?.focus(); // its row had to move
}

function makeRow(cells: readonly string[], choose: (() => void) | undefined): HTMLTableRowElement {
  const row = document.createElement('tr');
  row.append(...cells.map(() => document.createElement('td')));
  if (choose) {
    const button = document.createElement('button');
    button.addEventListener('click', choose);
    row.firstElementChild?.append(button);
  }
  return row;
}
