import { asBanyanError } from '../kit/errors.js';
import { type Binding, loadBinding, type NativeEngineOptions } from '../native/binding.js';
import { decodeEvents } from '../native/events.js';
import type { NativeKeptModel } from '../native/reports/kept-model.js';
import type { Backend } from './backend.js';
import { warnOfCpu } from './cpu-warning.js';
import { warnOfDisk } from './disk-warning.js';
import { EventRouter } from './event-router.js';
import { NativeBackend } from './native-backend.js';
import { warnOfSampling } from './sampling-warning.js';
import { Vocabulary } from './vocabulary.js';

/** The caller's part of a load. */
export interface LoadWatch {
  /** Gets [0, 1]. */
  onProgress: (fraction: number) => void;
  /** Shared with the loading thread; [0] other than 0 ends the load. */
  abortFlag: Int32Array;
}

/** The engine.node of this machine. */
export interface Addon {
  /** cpu, cuda or metal. */
  readonly backend: string;
  /** Empty, or why no GPU is used; `load` warns of it. */
  readonly cpuReason: string;
  readonly version: string;
  readonly llamaVersion: string;
  /** Loads a model on a thread of its own. Rejects with MODEL_*, OUT_OF_MEMORY, INVALID_*, ABORTED. */
  load(options: NativeEngineOptions, revealMisses: boolean, watch: LoadWatch): Promise<Backend>;
  /** What a disk cache holds, by model. Rejects with CACHE_FAILED. */
  keptModels(dir: string): Promise<NativeKeptModel[]>;
  /** Removes that of some (`folder`), with `all` every trace: the bytes that went. Rejects with CACHE_FAILED. */
  removeKept(dir: string, folders: readonly string[], all: boolean): Promise<number>;
  /** The same without weights: what tokenizes, renders and reads for an engine elsewhere. */
  loadVocabulary(options: NativeEngineOptions, watch: LoadWatch): Promise<Vocabulary>;
}

/** Throws NO_NATIVE_ENGINE with what to do. */
export function addon(): Addon {
  const { backend, cpuReason, version, llamaVersion, loadEngine, keptModels, removeKept } = binding();
  return {
    ...{ backend, cpuReason, version, llamaVersion },
    load: async (options, revealMisses, { onProgress, abortFlag }) => {
      if (options.gpuLayers !== 0) warnOfCpu(cpuReason);
      const router = new EventRouter(revealMisses);
      const deliver = (buffer: Uint8Array) => {
        const events = decodeEvents(buffer);
        warnOfDisk(events);
        router.deliver(events);
      };
      const native = await loadEngine(options, deliver, onProgress, abortFlag).catch(fail);
      warnOfSampling(native.info);
      return new NativeBackend(native, router);
    },
    keptModels: (dir) => keptModels(dir).catch(fail),
    removeKept: (dir, folders, all) => removeKept(dir, folders, all).catch(fail),
    loadVocabulary: async (options, { onProgress, abortFlag }) => {
      const alone = { ...options, gpuLayers: 0, vocabularyOnly: true };
      return new Vocabulary(await loadEngine(alone, () => {}, onProgress, abortFlag).catch(fail));
    },
  };
}

function fail(reason: unknown): never {
  throw asBanyanError(reason);
}

function binding(): Binding {
  try {
    return loadBinding();
  } catch (reason) {
    throw asBanyanError(reason);
  }
}
