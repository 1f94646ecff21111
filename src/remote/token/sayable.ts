import type { BackendRequest } from '../../backend/backend.js';
import { toRequestSettings } from '../../engine/request-options.js';
import { hasCode } from '../../kit/errors.js';
import type { NativeModelInfo, NativeSamplingAdvice } from '../../native/reports/model-info.js';
import type { Dialect } from '../dialects/dialect.js';

type Advice = Pick<NativeModelInfo, 'sampling' | 'samplingReason'>;

/**
 * What of the sampling that a model's file recommends servers can be told, and of the rest why it is left out: requests that ask for
 * nothing must not fail for it. What a caller asks for is refused as ever.
 */
export function sayable({ sampling, samplingReason }: Advice, dialects: readonly Dialect[]): Advice {
  const said: Record<string, number> = { ...sampling };
  const reasons = samplingReason === '' ? [] : [samplingReason];
  for (const dialect of new Set(dialects)) {
    for (let refused = refusalOf(dialect, said); refused; refused = refusalOf(dialect, said)) {
      delete said[refused.field];
      reasons.push(refused.message);
    }
  }
  return { sampling: said, samplingReason: reasons.join('; ') };
}

/** The first of these values that a dialect refuses, as it says it. */
function refusalOf(dialect: Dialect, advice: NativeSamplingAdvice): { field: string; message: string } | undefined {
  const asked: BackendRequest = {
    ...toRequestSettings({}, advice),
    ...{ prompt: Int32Array.of(0), grammar: null, chat: null },
  };
  const names = { model: '', salt: '', session: '', client: '', priorities: false };
  const wire = { ...names, asked, prompt: [0], kept: 0, maxTokens: 1, format: undefined };
  try {
    dialect.body({ ...wire, grammar: undefined });
  } catch (reason) {
    const field = hasCode(reason, 'INVALID_OPTION') ? reason.field : undefined;
    if (field === undefined || !Object.hasOwn(advice, field)) throw reason;
    return { field, message: (reason as Error).message };
  }
  return undefined;
}
