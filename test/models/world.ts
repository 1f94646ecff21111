import { Engine } from '../../src/engine/engine.js';
import type { EngineOptions } from '../../src/engine/engine-options.js';
import { BanyanError } from '../../src/kit/errors.js';
import type { Clock } from '../../src/models/clock.js';
import { Models } from '../../src/models/models.js';
import type { ModelsOptions } from '../../src/models/models-options.js';
import { ScriptedEngine } from '../../testing/engine/scripted-engine.js';

/** Time that stands until it is told to go on. */
export class DrivenClock implements Clock {
  #now = 0;
  readonly #waiting = new Set<{ at: number; call: () => void }>();
  now = () => this.#now;
  after(ms: number, call: () => void): () => void {
    const one = { at: this.#now + ms, call };
    this.#waiting.add(one);
    return () => void this.#waiting.delete(one);
  }
  pass(ms: number): void {
    this.#now += ms;
    for (const one of [...this.#waiting].filter(({ at }) => at <= this.#now)) {
      this.#waiting.delete(one);
      one.call();
    }
  }
}

/** Scripted engines whose `kvTokens` are their bytes, and what was loaded and closed of them. */
export function world(sizes: Record<string, number>, memoryBytes: number, options: Partial<ModelsOptions> = {}) {
  const open = new Map<Engine, number>();
  const told: string[] = [];
  const clock = new DrivenClock();
  let fails = '';
  let held: Promise<void> | undefined;
  const load = async ({ model = '', kvTokens = 0 }: EngineOptions) => {
    told.push(`load ${model}`);
    await held;
    if (fails !== '' && fails === model) {
      fails = '';
      throw new BanyanError('MODEL_NOT_FOUND', 'no such file');
    }
    const native = new ScriptedEngine(() => `${model} says`);
    Object.assign(native.info, { sizeBytes: 1, poolBytes: kvTokens - 1, states: 0, stateBytes: 0 });
    Object.assign(native.info, { draftModelBytes: 0, draftPoolBytes: 0 });
    const engine = new Engine(native);
    open.set(engine, kvTokens);
    const close = engine.close.bind(engine);
    engine.close = async () => {
      if (open.delete(engine)) told.push(`close ${model}`);
      await close();
    };
    return engine;
  };
  const models = Object.fromEntries(Object.entries(sizes).map(([name, kvTokens]) => [name, { model: name, kvTokens }]));
  const all = new Models({ models, memoryBytes, load, clock, ...options });
  return {
    ...{ open, told, clock, models: all },
    /** Uses each once, so that its size is known, and forgets what was told of it. */
    learn: async (...names: string[]) => {
      for (const name of names) await all.use(name, () => clock.pass(1));
      told.length = 0;
    },
    /** The next load of this one fails. */
    failNext: (model: string) => {
      fails = model;
    },
    hold: () => {
      let go = () => {};
      held = new Promise((resolve) => {
        go = resolve;
      });
      return go;
    },
  };
}

/** So many turns of the event loop. */
export const turns = async (count = 20) => {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
};

/** Turns of the event loop until it holds. */
export async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; !holds(); turn++) {
    if (turn > 100_000) throw new Error('not reached');
    await new Promise(setImmediate);
  }
}
