import { expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { randomBert } from '../../testing/models/bert-model.js';
import { randomModel } from '../../testing/models/random-model.js';
import { runScript } from '../support/run-script.js';

const banyan = (...args: string[]) => runScript('src/cli/main.ts', args);
const model = randomBert({ pooling: 'mean' });

test('banyan embed: a line of JSON for each text; info says what the model is', { timeout: 60_000 }, async () => {
  await using engine = await Engine.load({ model, threads: 1 });
  const { vectors } = await engine.embed(['roots grow', 'why?']);
  const { code, stdout } = await banyan('embed', model, 'roots grow', 'why?', '--threads', '1');
  expect([code, stdout]).toEqual([0, vectors.map((vector) => `${JSON.stringify([...vector])}\n`).join('')]);
  expect((await banyan('info', model)).stdout).toMatch(
    /embeddings +vectors of 64 numbers, the mean of a text's tokens\n/,
  );
});

test('what does not embed, and what only embeds, is one line', { timeout: 60_000 }, async () => {
  expect(await banyan('embed', randomModel(), 'x', '--threads', '1')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^MODEL_UNSUPPORTED: .*load an embedding model.*\n$/),
  });
  expect(await banyan('run', model, 'x')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^MODEL_UNSUPPORTED: .*is an embedding model.*\n$/),
  });
});
