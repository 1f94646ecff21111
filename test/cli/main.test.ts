import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { ENDING_MODEL, RAMBLING_MODEL } from '../../testing/engine/random-engine.js';
import { modelWith } from '../../testing/models/hostile-model.js';
import { randomModel } from '../../testing/models/random-model.js';
import { runScript } from '../support/run-script.js';

const banyan = (...args: string[]) => runScript('src/cli/main.ts', args);
const model = ['--model', randomModel(ENDING_MODEL), '--threads', '1'];

test('banyan run and info', { timeout: 60_000 }, async () => {
  expect(await banyan('run', 'Hello', ...model, '--max-tokens', '8')).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/prompt \+ \d+ output tokens, TTFT \d+ ms/),
  });
  const { stdout } = await banyan('info', ...model, '--json');
  expect(JSON.parse(stdout)).toMatchObject({ machine: { backend: 'cpu' }, model: { architecture: 'qwen2' } });
  expect((await banyan('info', ...model)).stdout).toMatch(
    /^machine\n {2}Banyan +\d.*model\n.* {2}tools +yes, in its chat template's format\n$/s,
  );
});

test('what is wrong is one line and exit code 1', { timeout: 60_000 }, async () => {
  expect(await banyan('run', 'Hello', '--model', 'nowhere.gguf')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^MODEL_NOT_FOUND: No model file at \/.*nowhere\.gguf: pass the path of a GGUF.*\n$/),
  });
});

test('a reader that has seen enough ends it quietly', { timeout: 60_000 }, async () => {
  const args = ['run', 'Hello', '--model', randomModel(RAMBLING_MODEL), '--threads', '1', '--max-tokens', '3000'];
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args]);
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  await once(child.stdout, 'data');
  child.stdout.destroy();
  const [code] = await once(child, 'close');
  expect({ code, complaints }).toEqual({ code: 0, complaints: '' });
});

test('info says what recurrent layers and sliding windows cost', { timeout: 60_000 }, async () => {
  const about = async (architecture: 'granitehybrid' | 'mamba' | 'gemma3') =>
    (await banyan('info', '--model', randomModel({ architecture }), '--threads', '1')).stdout;
  expect(await about('granitehybrid')).toMatch(
    /cache +[\d.]+ (Ki)?B a token.*states +[\d.]+ KiB each: one a running request, up to/s,
  );
  expect(await about('mamba')).toMatch(/cache +states only\n {2}states +[\d.]+ KiB each/);
  expect(await about('gemma3')).toMatch(
    /windows +of 64 tokens: their layers hold all of a sequence, [\d.]+ B of each token\n/,
  );
});

test('info says what sampling the file recommends, and what of it is no use', { timeout: 60_000 }, async () => {
  const model = modelWith({ 'general.sampling.temp': { f32: 0.6 }, 'general.sampling.top_k': { f32: 1.5 } });
  const { stdout } = await banyan('info', '--model', model, '--threads', '1');
  expect(stdout).toContain('sampling      temperature 0.6 (general.sampling.top_k is no value of topK)\n');
  const { stdout: none } = await banyan('info', '--model', randomModel(), '--threads', '1');
  expect(none).toContain('sampling      as by default: its file recommends none\n');
});
