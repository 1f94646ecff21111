import { expect, test } from 'vitest';
import { RAMBLING_MODEL } from '../../testing/engine/random-engine.js';
import { randomModel } from '../../testing/models/random-model.js';
import { Cli } from '../support/run-cli.js';

const chat = (...args: string[]) => new Cli(['chat', '--temperature', '0', ...args]);

test('lines of the input are turns of one conversation', async () => {
  const { code, stdout, stderr } = await chat().end('Hello\n\nThanks\n/unknown\n/exit\nBye\n');
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'Hello! How can I help?\nYou are welcome.\n' });
  expect(stderr).toContain('Banyan tiny.');
  expect(stderr.match(/\/help lists the commands/g)).toHaveLength(2);
});

test('a line that is too long is no end', async () => {
  const long = `${'word '.repeat(300)}\n`;
  const { code, stdout, stderr } = await chat('--kv-tokens', '256').end(`Hello\n${long}/new\nHello\n`);
  expect(code, stderr).toBe(0);
  expect(stdout.match(/Hello! How can I help\?/g)).toHaveLength(2);
  expect(stderr).toContain('That is more than the context holds: say it in less.');
});

test('a conversation that is full goes on, and says that it has forgotten its beginning', async () => {
  const lines = Array.from({ length: 12 }, (_, n) => `Hello ${n} ${'word '.repeat(20)}\n`).join('');
  const { code, stderr } = await chat('--kv-tokens', '512', '--max-tokens', '16').end(lines);
  expect(code, stderr).toBe(0);
  expect(stderr).toContain('The beginning of the conversation is forgotten');
  expect(stderr).not.toContain('more than the context holds');
});

test('a signal stops the answer, and the conversation with it', async () => {
  const cli = chat(randomModel(RAMBLING_MODEL), '--threads', '1', '--max-tokens', '100000');
  cli.say('Hello\n');
  await cli.until('stdout', /./);
  cli.kill('SIGINT');
  expect(await cli.ended()).toMatchObject({ code: 130, signal: null });
});
