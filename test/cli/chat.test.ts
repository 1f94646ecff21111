import { expect, test } from 'vitest';
import { RAMBLING_MODEL } from '../support/random-engine.js';
import { randomModel } from '../support/random-model.js';
import { Cli } from '../support/run-cli.js';

const chat = (...args: string[]) => new Cli(['chat', '--temperature', '0', ...args]);

test('lines of the input are turns of one conversation', async () => {
  const { code, stdout, stderr } = await chat().end('Hello\n\nThanks\n/unknown\n/exit\nBye\n');
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'Hello! How can I help?\nYou are welcome.\n' });
  expect(stderr).toContain('Banyan tiny.');
  expect(stderr.match(/\/new forgets the conversation/g)).toHaveLength(2);
});

test('a full conversation is no end: /new begins another', async () => {
  const long = `${'word '.repeat(300)}\n`;
  const { code, stdout, stderr } = await chat('--kv-tokens', '256').end(`Hello\n${long}/new\nHello\n`);
  expect(code, stderr).toBe(0);
  expect(stdout.match(/Hello! How can I help\?/g)).toHaveLength(2);
  expect(stderr).toContain('The conversation is full: /new begins another.');
});

test('a signal stops the answer, and the conversation with it', async () => {
  const cli = chat(randomModel(RAMBLING_MODEL), '--threads', '1', '--max-tokens', '100000');
  cli.say('Hello\n');
  await cli.until('stdout', /./);
  cli.kill('SIGINT');
  expect(await cli.ended()).toMatchObject({ code: 130, signal: null });
});
