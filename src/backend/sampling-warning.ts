import type { NativeModelInfo } from '../native/reports/model-info.js';

/** What a model's file recommends for sampling and is left out, as a warning of the process (code BANYAN_SAMPLING). */
export function warnOfSampling({ path, samplingReason }: NativeModelInfo): void {
  if (samplingReason === '') return;
  process.emitWarning(`Of the sampling that ${path} recommends is left out: ${samplingReason}`, {
    code: 'BANYAN_SAMPLING',
  });
}
