import { expect, test } from 'vitest';
import { toRequestSettings } from '../../src/engine/request-options.js';
import type { NativeHint } from '../../src/native/binding.js';
import { BANYAN } from '../../src/remote/dialects/banyan.js';
import { Member } from '../../src/remote/token/member.js';
import { Outbox } from '../../src/remote/token/outbox.js';
import { deferred } from '../../testing/engine/deferred.js';
import { FakeServer, modelsOf, sse } from '../../testing/remote/fake-server.js';

// Advice about programs costs a worker no message of its own where a request goes there anyway.

/** A member of a pool whose worker notes what it is sent. */
async function listening() {
  let told = () => {};
  const server = await FakeServer.open(modelsOf('banyan'), (_, response, { url }) => {
    told();
    response.end(url === '/v1/hints' ? '{"ok":true}' : sse({ tokens: [1] }) + sse('[DONE]'));
  });
  const member = new Member({ url: server.url, dialect: BANYAN, model: '', headers: {}, priorities: false });
  const next = () =>
    new Promise<void>((resolve) => {
      told = resolve;
    });
  const close = async () => {
    await member.close();
    await server.close();
  };
  return { member, heard: server.bodies as Body[], next, [Symbol.asyncDispose]: close };
}

interface Body {
  client?: string;
  hints?: { program: number; kind: string }[];
  prompt?: number[];
}

const hint = (program: number, kind: NativeHint['kind']) => ({
  ...{ program, client: 'me', salt: '' },
  hint: { kind, tool: 'search', expectedMs: 0, salt: '', tokens: new Int32Array(0), steps: 1, from: 0 },
});
const kinds = ({ hints }: Body) => hints?.map(({ program, kind }) => `${program} ${kind}`);

async function ask(member: Member): Promise<void> {
  const asked = { ...toRequestSettings({}, {}), prompt: Int32Array.of(7), grammar: null, chat: null };
  const names = { model: '', salt: '', session: '', client: 'me', priorities: false };
  const more = { prompt: [7], kept: 0, maxTokens: 1, grammar: undefined, format: undefined };
  for await (const _ of member.events({ ...names, ...more, asked }, AbortSignal.timeout(10_000)));
}

test('it goes along with the next request, in its order', async () => {
  await using it = await listening();
  const { member, heard } = it;
  member.tell(hint(1, 'tool-started'));
  member.tell(hint(2, 'tool-ended'));
  await ask(member);
  await ask(member);
  expect(heard.map(({ prompt }) => prompt)).toEqual([[7], [7]]);
  expect(heard[0]?.client).toBe('me');
  expect(heard.map(kinds)).toEqual([['1 tool-started', '2 tool-ended'], undefined]);
});

test('it does not wait for a request that does not come', async () => {
  await using it = await listening();
  const { member, heard, next } = it;
  const first = next();
  member.tell(hint(1, 'tool-started'));
  member.tell(hint(2, 'tool-started'));
  await first;
  expect(heard.map(({ prompt }) => prompt)).toEqual([undefined]);
  expect(heard.map(kinds)).toEqual([['1 tool-started', '2 tool-started']]);
});

test('much of it does not wait, and none is left behind when the member closes', async () => {
  await using it = await listening();
  const { member, heard, next } = it;
  const first = next();
  for (let program = 1; program <= 70; program++) member.tell(hint(program, 'finished'));
  await first;
  expect(kinds(heard[0] as Body)).toHaveLength(64);
  await member.close();
  expect(heard.flatMap((one) => kinds(one) ?? [])).toHaveLength(70);
});

test('an end waits for messages that are under way, also for one that fails', async () => {
  const under = [deferred<void>(), deferred<void>()] as const;
  let posted = 0;
  const outbox = new Outbox(() => (under[posted++] as { promise: Promise<void> }).promise);
  void outbox.flush(); // nothing waits: nothing is sent
  outbox.add(hint(1, 'finished'));
  void outbox.flush();
  outbox.add(hint(2, 'finished'));
  let ended = false;
  const end = outbox.flush().then(() => {
    ended = true;
  });
  expect(posted).toBe(2);
  under[1].reject(new Error('refused'));
  await new Promise(setImmediate);
  expect(ended).toBe(false);
  under[0].resolve();
  await end;
  expect(ended).toBe(true);
});
