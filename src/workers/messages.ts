import type { EngineOptions } from '../engine/engine-options.js';
import type { LoadProgress } from '../model/model-source.js';

/** What a worker is told by the process that started it. */
export type ToWorker =
  | {
      readonly type: 'start';
      readonly engine: Omit<EngineOptions, 'onProgress' | 'signal'>;
      readonly socket: string;
      readonly drainMs: number;
    }
  /** Answers under way may end, new ones do not begin. */
  | { readonly type: 'close' };

/** What a worker tells it. */
export type FromWorker =
  | ({ readonly type: 'progress' } & LoadProgress)
  | { readonly type: 'ready' }
  | { readonly type: 'draining' }
  /** It could not begin. */
  | { readonly type: 'failed'; readonly code: string; readonly message: string; readonly field: string | undefined };
