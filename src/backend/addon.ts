import { loadBinding, type NativeEngine, type NativeEngineOptions } from '../native/binding.js';
import { decodeEvents } from '../native/events.js';
import { warnOfCpu } from './cpu-warning.js';
import type { EventRouter } from './event-router.js';

/** The engine.node of this machine. */
export interface Addon {
  readonly backend: string;
  /** Empty, or why no GPU is used; `load` warns of it. */
  readonly cpuReason: string;
  readonly version: string;
  readonly llamaVersion: string;
  /**
   * Loads a model on a thread of its own; the events of its requests go to `router`. `onProgress` gets [0, 1]; abortFlag[0]
   * other than 0 ends the load.
   */
  load(
    options: NativeEngineOptions,
    router: EventRouter,
    onProgress: (fraction: number) => void,
    abortFlag: Int32Array,
  ): Promise<NativeEngine>;
}

/** Throws NO_NATIVE_ENGINE with what to do. */
export function addon(): Addon {
  const { backend, cpuReason, version, llamaVersion, loadEngine } = loadBinding();
  return {
    ...{ backend, cpuReason, version, llamaVersion },
    load: (options, router, onProgress, abortFlag) => {
      if (options.gpuLayers !== 0) warnOfCpu(cpuReason);
      return loadEngine(options, (buffer) => router.deliver(decodeEvents(buffer)), onProgress, abortFlag);
    },
  };
}
