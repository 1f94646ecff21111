import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { RemoteEngine } from '../../src/remote/remote-engine.js';
import { Cli } from '../support/run-cli.js';

// `banyan worker` and `banyan serve --workers` as processes.

const folder = mkdtempSync(join(tmpdir(), 'banyan-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a worker: it says its address, answers, and ends well with its socket', { timeout: 60_000 }, async () => {
  const socket = join(folder, 'socket');
  const cli = new Cli(['worker', '--socket', socket, '--threads', '1']);
  const url = (await cli.until('stdout', /unix:\S+\n/)).trim();
  expect(url).toBe(`unix:${socket}`);
  const engine = await RemoteEngine.connect({ url });
  const hello = [{ role: 'user' as const, content: 'Hello' }];
  expect((await engine.generate(hello, { temperature: 0 })).text).toBe('Hello! How can I help?');
  await engine.close();
  const second = await new Cli(['worker', '--socket', socket]).ended();
  expect([second.code, second.stderr]).toEqual([
    1,
    expect.stringMatching(/INVALID_OPTION: .*another process listens there\n$/),
  ]);
  cli.kill('SIGTERM');
  expect(await cli.ended()).toMatchObject({ code: 0, signal: null });
  expect(existsSync(socket)).toBe(false);
});

test('a server on two workers: one is killed, and it goes on; SIGTERM ends all', { timeout: 60_000 }, async () => {
  const cli = new Cli(['serve', '--port', '0', '--workers', '2', '--threads', '1']);
  const url = (await cli.until('stdout', /https?:\/\/\S+\/v1\n/)).trim();
  const said = await cli.until('stderr', /(worker \d+ at unix:\S+\n){2}/);
  const pids = [...said.matchAll(/worker (\d+) at/g)].map(([, pid]) => Number(pid));
  const ask = async () => {
    const body = JSON.stringify({ messages: [{ role: 'user', content: 'Hello' }], temperature: 0 });
    const response = await fetch(`${url}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const { choices } = (await response.json()) as { choices: { message: { content: string } }[] };
    return choices[0]?.message.content;
  };
  expect(await ask()).toBe('Hello! How can I help?');
  process.kill(pids[0] ?? 0, 'SIGKILL');
  expect(await Promise.all([ask(), ask(), ask()])).toEqual(Array(3).fill('Hello! How can I help?'));
  cli.kill('SIGTERM');
  expect(await cli.ended()).toMatchObject({ code: 0, signal: null });
  expect(() => process.kill(pids[1] ?? 0, 0)).toThrow();
});

test.each([
  [['worker'], /--socket/],
  [['serve', '--workers', '0'], /workers|count/],
  [['serve', '--workers', '2', '--model', 'a=x.gguf', '--model', 'b=y.gguf'], /several models/],
])('%j is refused', async (args, why) => {
  const { code, stderr } = await new Cli(args).ended();
  expect([code, stderr]).toEqual([1, expect.stringMatching(why)]);
});
