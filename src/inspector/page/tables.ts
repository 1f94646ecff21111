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

/** Rows of a table; with `chosen` the first cell of each is a button. The focus stays on its row. */
export function fillTable(id: string, rows: readonly (readonly string[])[], chosen?: (row: number) => void): void {
  const body = find<HTMLTableElement>(id).tBodies[0] as HTMLTableSectionElement;
  const focused = document.activeElement?.textContent;
  const within = body.contains(document.activeElement);
  body.replaceChildren(
    ...rows.map((cells, row) => {
      const made = document.createElement('tr');
      made.append(...cells.map((text) => line('td', text)));
      if (chosen) {
        const button = line('button', cells[0] ?? '');
        button.addEventListener('click', () => chosen(row));
        made.firstElementChild?.replaceChildren(button);
      }
      return made;
    }),
  );
  if (within) [...body.querySelectorAll('button')].find((button) => button.textContent === focused)?.focus();
}
