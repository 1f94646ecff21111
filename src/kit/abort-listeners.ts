/** Who waits for each signal. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `listener` when the signal aborts, once, and not for one that has aborted already. Returns how to stop waiting.
 * Any number of requests cost a signal one event listener: from eleven on Node would warn of a leak.
 */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (!signal || signal.aborted) return () => {};
  const listeners = waiting.get(signal) ?? listen(signal);
  listeners.add(listener);
  return () => {
    if (listeners.delete(listener) && listeners.size === 0) forget(signal);
  };
}

const abortAll = ({ target }: Event) => {
  const listeners = waiting.get(target as AbortSignal) ?? [];
  forget(target as AbortSignal);
  for (const listener of listeners) listener();
};

function listen(signal: AbortSignal): Set<() => void> {
  const listeners = new Set<() => void>();
  waiting.set(signal, listeners);
  signal.addEventListener('abort', abortAll);
  return listeners;
}

function forget(signal: AbortSignal): void {
  waiting.delete(signal);
  signal.removeEventListener('abort', abortAll);
}

/** What `work` gives, unless the signal aborts first: then it rejects with the signal's reason. Work itself may hear of an abort late, or never. */
export async function unlessAborted<Value>(work: PromiseLike<Value>, signal: AbortSignal): Promise<Value> {
  let forget = () => {};
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    forget = onAbort(signal, () => reject(signal.reason));
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    forget();
  }
}
