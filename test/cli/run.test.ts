import { expect, test } from 'vitest';
import { ENDING_MODEL, RAMBLING_MODEL } from '../../testing/engine/random-engine.js';
import { randomModel } from '../../testing/models/random-model.js';
import { Cli } from '../support/run-cli.js';

const run = (...args: string[]) => new Cli(['run', ...args]);
const random = randomModel(ENDING_MODEL);
const endless = ['--model', randomModel(RAMBLING_MODEL), '--threads', '1', '--max-tokens', '100000'];

test('the small model of the package answers', async () => {
  const { code, stdout } = await run('Hello', '--temperature', '0').ended();
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'Hello! How can I help?\n' });
});

test('a prompt from the input: by a dash, or by none', async () => {
  const answer = { code: 0, stdout: 'Hello! How can I help?\n' };
  expect(await run('-', '--temperature', '0').end('Hello\n')).toMatchObject(answer);
  expect(await run('--temperature', '0').end('Hello\n')).toMatchObject(answer);
  expect(await run('models/banyan-tiny.gguf', '--temperature', '0').end('Hello\n')).toMatchObject(answer);
  expect(await run().end('')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^INVALID_OPTION: no prompt.*\n$/),
  });
});

test('a model by its place, and --system, --json, --seed', async () => {
  const args = [random, 'Hello', '--system', 'Be kind.', '--json', '--max-tokens', '6', '--seed', '7', '--no-thinking'];
  const [first, second, plain] = await Promise.all([
    run(...args).ended(),
    run(...args).ended(),
    run(...args.filter((word) => !['--system', 'Be kind.'].includes(word))).ended(),
  ]);
  expect(first).toMatchObject({ code: 0, stderr: '' });
  const { text, finishReason, usage } = JSON.parse(first.stdout);
  expect(['stop', 'length']).toContain(finishReason);
  expect(JSON.parse(second.stdout).text).toBe(text);
  expect(usage.promptTokens).toBeGreaterThan(JSON.parse(plain.stdout).usage.promptTokens);
});

test('what is wrong is one line and exit code 1', async () => {
  const cases: [string[], RegExp][] = [
    [['a.gguf', 'b', 'c'], /^INVALID_OPTION: too many arguments: put the prompt into quotes\n$/],
    [['a.gguf', 'Hello', '--model', 'b.gguf'], /^INVALID_OPTION: Two models: a\.gguf and --model b\.gguf\n$/],
    [['Hello', '--temperature', 'hot'], /temperature must be a number in \[0, 100\], not "hot"/],
    [['Hello', '--max-tokens', '1e3'], /maxTokens must be a whole number in \[0, 1073741824\], not "1e3"/],
    [['Hello', '--modle', 'x'], /unknown option '--modle'\n\(Did you mean --model\?\)/],
    [['src', 'Hello'], /^MODEL_NOT_FOUND: .* is a folder without a \.gguf in it\n$/],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await run(...args).ended();
    expect({ code, stdout }, stderr).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(message);
  }
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s in the middle of an answer ends it quietly with code %d', async (signal, code) => {
  const cli = run('Hello', ...endless);
  await cli.until('stdout', /./);
  cli.kill(signal);
  expect(await cli.ended()).toMatchObject({ code, signal: null, stderr: '' });
});

test('a signal while it waits for its input ends it too', async () => {
  const cli = new Cli(['chat']);
  await cli.until('stderr', /\/help lists/);
  cli.kill('SIGTERM');
  expect(await cli.ended()).toMatchObject({ code: 143 });
});

test.each(['run', 'chat', 'info'])('%s without a native engine: one line that says what to do', async (command) => {
  const args = command === 'run' ? [command, 'Hello'] : [command];
  const { code, stdout, stderr } = await new Cli(args, { ENGINE_BINARY: '/nowhere/engine.node' }).end();
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^NO_NATIVE_ENGINE: No native engine on .*\/nowhere\/engine\.node.* npx banyan-build .*\n$/);
});
