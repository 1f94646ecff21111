import type { Backend } from '../backend/backend.js';
import { onAbort } from '../kit/abort-listeners.js';
import { BanyanError } from '../kit/errors.js';
import type { NativeEmbedding } from '../native/binding.js';
import type { CallUsage } from '../native/reports/usage.js';

/** What `engine.embed()` gives. */
export interface Embeddings {
  /** A vector of each text, in their order. */
  vectors: Float32Array[];
  /** Tokens of all texts together, and the time it took. */
  usage: Pick<CallUsage, 'promptTokens' | 'computedTokens' | 'queueMs' | 'totalMs'>;
}

/** Texts that are tokenized at the same time. */
const AT_ONCE = 32;

/** The vectors of texts. Rejects with INVALID_OPTION, PROMPT_TOO_LONG, STEP_FAILED, ABORTED, CLOSED. */
export async function embed(
  backend: Backend,
  texts: readonly (string | Int32Array)[],
  settings: Omit<NativeEmbedding, 'texts'>,
  signal: AbortSignal | undefined,
): Promise<Embeddings> {
  const tokens: Int32Array[] = [];
  for (let from = 0; from < texts.length; from += AT_ONCE) {
    checkNotAborted(signal);
    const some = texts.slice(from, from + AT_ONCE);
    tokens.push(
      ...(await Promise.all(some.map((text) => (typeof text === 'string' ? backend.tokenizeLater(text, true) : text)))),
    );
  }
  checkNotAborted(signal);
  const vectors: Float32Array[] = new Array(texts.length);
  let forget = () => {};
  const end = new Promise<CallUsage>((resolve, reject) => {
    const id = backend.embed({ ...settings, texts: tokens }, (event) => {
      if (event.type === 'embedding') vectors[event.index] = event.vector;
      else if (event.type === 'error') reject(event.error);
      else if (event.reason !== 'cancelled') resolve(event.usage);
      else reject(signal?.aborted ? aborted(signal) : new BanyanError('CLOSED', 'The engine was closed'));
    });
    forget = onAbort(signal, () => backend.cancel(id));
  });
  try {
    const { promptTokens, computedTokens, queueMs, totalMs } = await end;
    return { vectors, usage: { promptTokens, computedTokens, queueMs, totalMs } };
  } finally {
    forget();
  }
}

function checkNotAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal);
}

function aborted({ reason }: AbortSignal): BanyanError {
  return new BanyanError('ABORTED', 'The request was aborted', { cause: reason });
}
