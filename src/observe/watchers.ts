import { throwLater } from '../kit/event-sink.js';

/** Is told that work begins; returns what is told of it from then on, or nothing. It should return soon. */
export type Watcher<About, Event> = (about: About) => ((event: Event) => void) | undefined;

/** Those who watch work of one kind. What one of them throws is an uncaught exception of the program, and harms neither work nor others. */
export class Watchers<About, Event> {
  readonly #all = new Set<Watcher<About, Event>>();

  /** Tells a watcher of all work that begins from now on. Returns what ends that; of work under way it still hears. */
  add(watcher: Watcher<About, Event>): () => void {
    const own: Watcher<About, Event> = (about) => watcher(about); // added twice, it is told twice
    this.#all.add(own);
    return () => this.#all.delete(own);
  }

  /** Work begins: what tells of its events. Undefined: nothing watches, and `about` was not asked for. */
  begin(about: () => About): ((event: Event) => void) | undefined {
    if (this.#all.size === 0) return undefined;
    const work = about();
    const listeners: ((event: Event) => void)[] = [];
    for (const watcher of this.#all) {
      const listener = guarded(() => watcher(work));
      if (listener) listeners.push(listener);
    }
    if (listeners.length === 0) return undefined;
    return (event) => {
      // Told of each token of each stream: no closure and no iterator a call.
      for (let at = 0; at < listeners.length; at++) {
        try {
          (listeners[at] as (event: Event) => void)(event);
        } catch (reason) {
          listeners[at] = () => {};
          throwLater(reason);
        }
      }
    };
  }
}

function guarded<Result>(call: () => Result): Result | undefined {
  try {
    return call();
  } catch (reason) {
    throwLater(reason);
    return undefined;
  }
}
