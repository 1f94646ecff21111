import { Place } from '../../src/pool/place.js';
import { Pool } from '../../src/pool/pool.js';
import { RandomStream } from '../models/gguf/random-stream.js';
import { CacheAware } from './cache-aware.js';
import type { Router } from './router.js';

export type RouterName = keyof typeof ROUTERS;

/** Ours, and what it is measured against. Each sends the same requests the same way. */
export const ROUTERS = {
  pool: (engines: number): Router => {
    const places = Array.from({ length: engines }, () => new Place());
    const random = new RandomStream('pool');
    const pool = new Pool(places, () => random.below(2 ** 30) / 2 ** 30);
    return {
      send({ program, prompt, keys }, at) {
        const choice = pool.choose({ keys, promptTokens: prompt.length, program }, () => true, at);
        const place = choice && places[choice.index];
        if (!place) throw new Error('no place for a request');
        const errand = place.begin({ keys, promptTokens: prompt.length }, at);
        return {
          engine: choice.index,
          answered: (now) => place.answered(errand, now),
          ended: (cached, now) => place.end(errand, cached, now),
        };
      },
      finished: (program) => pool.finished(program),
    };
  },
  'round robin': (engines: number): Router => {
    let next = 0;
    return { send: () => ({ engine: next++ % engines, answered() {}, ended() {} }) };
  },
  'cache aware, smallest tree': (engines: number): Router => new CacheAware(engines, 'smallest tree'),
  'cache aware, least loaded': (engines: number): Router => new CacheAware(engines, 'least loaded'),
} satisfies Record<string, (engines: number) => Router>;
