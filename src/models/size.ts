import { stat } from 'node:fs/promises';
import type { ModelInfo } from '../engine/engine.js';
import type { EngineOptions } from '../engine/engine-options.js';

/** Bytes that a loaded model may take: weights, its whole page pool, all states of recurrent layers. */
export function bytesOf({
  sizeBytes,
  poolBytes,
  draftModelBytes,
  draftPoolBytes,
  states,
  stateBytes,
}: Pick<
  ModelInfo,
  'sizeBytes' | 'poolBytes' | 'draftModelBytes' | 'draftPoolBytes' | 'states' | 'stateBytes'
>): number {
  return sizeBytes + poolBytes + draftModelBytes + draftPoolBytes + states * stateBytes;
}

/** Bytes that it takes at least, before it was ever loaded: those of its file; 0 where that is not on this machine yet. */
export async function leastBytes({ model }: EngineOptions): Promise<number> {
  if (model === undefined) return 0;
  return stat(model).then(
    ({ size }) => size,
    () => 0,
  );
}

/** For people: a budget is told in MiB. */
export const inMiB = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20).toLocaleString('en-US')} MiB`;
