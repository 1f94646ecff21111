/** Anything that is measured and then closed. */
interface Closable {
  readonly name: string;
  close(): Promise<void>;
}

/** Runs by system, in their order. */
export type Turns<S, R> = { system: S; name: string; runs: R[] }[];

/**
 * Measures every system `runs` times. They take turns, first to last and then last to first, so that what changes on the
 * machine meanwhile meets all of them alike. Each run is told as it ends. Closes the systems, also when a measurement fails.
 */
export async function byTurns<S extends Closable, R>(
  systems: readonly S[],
  runs: number,
  measure: (system: S, run: number) => Promise<R>,
): Promise<Turns<S, R>> {
  const turns: Turns<S, R> = systems.map((system) => ({ system, name: system.name, runs: [] }));
  const start = performance.now();
  let done = 0;
  try {
    for (let run = 0; run < runs; run++)
      for (const turn of run % 2 === 0 ? turns : [...turns].reverse()) {
        const began = performance.now();
        turn.runs.push(await measure(turn.system, run));
        const [took, all] = [performance.now() - began, performance.now() - start];
        const left = (all / ++done) * (runs * turns.length - done);
        const rest = left > 0 ? `, about ${Math.ceil(left / 1000)} s left` : '';
        console.error(`${turn.name}, run ${run + 1} of ${runs}: ${(took / 1000).toFixed(1)} s${rest}`);
      }
  } finally {
    for (const system of systems) await system.close();
  }
  return turns;
}
