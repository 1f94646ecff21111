import { addon } from '../../backend/addon.js';
import type { Backend } from '../../backend/backend.js';
import { LoadControl } from '../../model/load-control.js';
import { findDraftModel, findModelFile } from '../../model/model-file.js';
import { type EngineOptions, readEngineOptions, toNativeEngineOptions } from '../engine-options.js';

/** What computes for `Engine.load()`, which says what it rejects with. */
export async function loadBackend(given: EngineOptions): Promise<Backend> {
  const options = readEngineOptions(given);
  const nativeOptions = toNativeEngineOptions(options);
  const control = new LoadControl(options.signal, options.onProgress);
  try {
    control.checkNotAborted();
    const native = addon(); // before a download of gigabytes
    const { model, modelsDirectory: directory } = options;
    const how = { directory, onProgress: control.progress, signal: control.signal };
    const modelPath = await findModelFile({ model, ...how });
    control.checkNotAborted();
    const draftModel = options.draftModel ? await findDraftModel({ model: options.draftModel, ...how }) : '';
    control.checkNotAborted();
    const onProgress = (fraction: number) => control.progress({ stage: 'load', fraction });
    const watch = { onProgress, abortFlag: control.abortFlag };
    return await native.load({ ...nativeOptions, modelPath, draftModel }, options.revealMisses ?? false, watch);
  } catch (reason) {
    throw control.failure(reason);
  } finally {
    control.end();
  }
}
