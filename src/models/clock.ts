/** Time, as a program of many models sees it. Tests drive their own. */
export interface Clock {
  /** Milliseconds since any moment. */
  now(): number;
  /** Calls once after so many milliseconds; returns what takes that back. */
  after(ms: number, call: () => void): () => void;
}

/** The machine's. What waits keeps no process alive. */
export const MACHINE_CLOCK: Clock = {
  now: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms).unref();
    return () => clearTimeout(timer);
  },
};
