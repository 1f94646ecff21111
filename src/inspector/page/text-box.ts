import type { CallText, TextPart } from '../told-types.js';
import { number } from './lists.js';
import { find, line, say } from './tables.js';

/** A text that may be asked for. `key`: what it is of; `what`: on the button; `query`: how it is asked for. */
export interface Askable {
  readonly key: string;
  readonly what: string;
  readonly query: string;
}

const HEADS: Readonly<Record<TextPart['of'], string>> = {
  cached: 'from the cache',
  computed: 'of the prompt, computed',
  answer: 'of the answer',
};

/** A button that asks for one text, and that text. Nothing is asked for before it is pressed; another choice takes the text away. */
export class TextBox {
  readonly #id: string;
  readonly #ask: (query: string) => Promise<CallText>;
  #offered: Askable | undefined;
  #shown = false;

  /** `id`: of the elements `<id>`, `<id>-ask` and `<id>-note`. */
  constructor(id: string, ask: (query: string) => Promise<CallText>) {
    this.#id = id;
    this.#ask = ask;
    find(`${id}-ask`).addEventListener('click', () => void this.#show());
  }

  /** Undefined: there is none, for this reason; '': nothing is said of it. */
  offer(text: Askable | undefined, why = ''): void {
    const button = find<HTMLButtonElement>(`${this.#id}-ask`);
    button.hidden = text === undefined;
    if (text && button.textContent !== text.what) button.textContent = text.what;
    if (text && text.key === this.#offered?.key) {
      if (!this.#shown) this.#offered = text;
      return;
    }
    this.#offered = text;
    this.#shown = false;
    find(this.#id).replaceChildren();
    say(`${this.#id}-note`, why);
  }

  async #show(): Promise<void> {
    const asked = this.#offered;
    if (!asked) return;
    this.#shown = true;
    try {
      const { parts } = await this.#ask(asked.query);
      if (this.#offered?.key !== asked.key) return; // another was chosen meanwhile
      find(this.#id).replaceChildren(...parts.flatMap(shown));
      say(`${this.#id}-note`, parts.length === 0 ? 'It has no tokens.' : '');
    } catch (reason) {
      if (this.#offered?.key === asked.key) say(`${this.#id}-note`, (reason as Error).message);
    }
  }
}

/** A text from outside is never markup. */
function shown({ of, from, tokens, text }: TextPart): HTMLElement[] {
  const head = `Tokens ${number(from + 1)} to ${number(from + tokens)}, ${HEADS[of]}`;
  const said = line('pre', text);
  said.tabIndex = 0; // a long one is scrolled with keys, too
  said.ariaLabel = head;
  return [line('h4', head), said];
}
