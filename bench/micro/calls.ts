import Benchmark from 'benchmark';
import { loadBinding } from '../../src/native/binding.js';
import { decodeEvents } from '../../src/native/events.js';
import { engineOptions, nativeRequest } from '../../testing/engine/test-engine.js';
import { randomModel } from '../../testing/models/random-model.js';
import type { Table } from '../report.js';

const BATCH = 32;

/** Single operations with the `benchmark` package: what the streamed token is made of. */
export async function measureCalls(): Promise<Table> {
  const buffers: Uint8Array[] = [];
  const model = randomModel({ layers: 1, embedding: 64, heads: 2, kvHeads: 1, feedForward: 64 });
  const engine = await loadBinding().loadEngine(
    engineOptions(model, { maxRunning: BATCH, kvTokens: 16_384 }),
    (buffer) => buffers.push(buffer.slice()),
    () => {},
    new Int32Array(new SharedArrayBuffer(4)),
  );
  for (let i = 0; i < BATCH; i++) engine.submit(nativeRequest([i + 1, 2, 3], { maxTokens: 300 }));
  while ((await engine.stats()).finished < BATCH);
  // Events wait while JavaScript is busy, so a buffer holds one step of the batch or several.
  const full = buffers.find((buffer) => decodeEvents(buffer).length >= BATCH) as Uint8Array;
  const steps = decodeEvents(full).length / BATCH;

  const tokens = Int32Array.from({ length: 1000 }, (_, i) => i % 400);
  const suite = new Benchmark.Suite()
    .add('one N-API call (cancel of an unknown request)', () => engine.cancel(1e12))
    .add(`decode the events of a step of ${BATCH} tokens`, () => decodeEvents(full))
    .add('detokenize 1,000 tokens', () => engine.detokenize(tokens, false))
    .add('tokenize a 40-character text', () =>
      engine.tokenize('the pages that hold them are shared once', false, true),
    );
  const rows: Table['rows'] = [];
  suite.on('cycle', ({ target }: Benchmark.Event) => {
    const { name, stats } = target as unknown as Benchmark;
    const share = name?.startsWith('decode') ? steps : 1;
    rows.push([name as string, ((stats?.mean ?? Number.NaN) * 1e6) / share, stats?.rme ?? Number.NaN]);
  });
  suite.run({ async: false });
  await engine.close();
  return { title: 'single operations', columns: ['operation', 'mean us', '+- %'], rows };
}
