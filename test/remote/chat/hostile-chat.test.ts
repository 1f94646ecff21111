import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { Agent } from '../../../src/agent/agent.js';
import type { ChatModel, ChatPiece } from '../../../src/remote/chat/chat-model.js';
import { RemoteEngine } from '../../../src/remote/remote-engine.js';
import { begun, chatEngine, inTurn, stream, weatherTool } from '../../../testing/remote/chat-engine.js';
import { type Provider, TRANSCRIPTS } from '../../../testing/remote/chat-transcripts.js';
import type { Reply } from '../../../testing/remote/fake-server.js';
import { sse } from '../../../testing/remote/fake-server.js';

// What a provider's server may send instead of an answer. Each request ends with a typed error, or is asked again where nothing was
// told; a later one is answered, and no tool is called for an answer that broke.

const PROVIDERS = Object.keys(TRANSCRIPTS) as Provider[];
const QUESTION = [{ role: 'user' as const, content: 'Well?' }];

/** What follows the beginning of a stream, for each provider. */
const GARBAGE: Record<string, (response: ServerResponse, provider: Provider) => void> = {
  'half a JSON': (response) => response.end('data: {"id":"x","choices":[{"index":0,"del\n\n'),
  'no JSON': (response) => response.end('data: <html>\n\n'),
  'wrong types': (response, provider) =>
    response.end(
      provider === 'anthropic'
        ? sse({ type: 'content_block_delta', index: 'x', delta: { type: 'text_delta', text: 7 } })
        : sse({ choices: [{ index: 0, delta: { content: { a: 7 } } }] }),
    ),
  'choices that are none': (response) => response.end(sse({ choices: 7 })),
  'a failure in the stream': (response, provider) => response.end(TRANSCRIPTS[provider].failure),
  'an early end': (response) => response.end(),
  'an early close': (response) => void response.destroy(),
};

describe.each(PROVIDERS)('%s', (provider) => {
  const said = TRANSCRIPTS[provider];

  describe.each(Object.entries(GARBAGE))('%s', (name, garbage) => {
    const broken = (response: ServerResponse) => garbage(response, provider);

    test('instead of an answer: REMOTE_FAILED after two more tries; a later request is answered', async () => {
      const bad: Reply = (_body, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.flushHeaders(); // a connection that is closed before them may be an old one
        broken(response);
      };
      await using one = await chatEngine(provider, inTurn(bad, bad, bad, stream(said.text)));
      // Anthropic says in its stream that it is overloaded.
      const busy = provider === 'anthropic' && name === 'a failure in the stream';
      const code = busy ? 'BACKPRESSURE' : 'REMOTE_FAILED';
      await expect(one.engine.generate(QUESTION)).rejects.toMatchObject({ code });
      expect(one.server.bodies).toHaveLength(3);
      expect(await one.engine.generate(QUESTION)).toMatchObject({ text: 'It is mild.' });
    });

    test('after a word: STREAM_BROKEN, no second try, and no tool of it runs', async () => {
      let held: ServerResponse | undefined;
      const reply = begun(said.begun, (response) => {
        held = response;
      });
      await using one = await chatEngine(provider, reply);
      const { ran, tool } = weatherTool();
      const run = new Agent({ engine: one.engine, tools: [tool] }).run('Well?');
      let text = '';
      const read = (async () => {
        for await (const event of run) {
          if (event.type !== 'text') continue;
          text += event.text;
          // It has come: what follows can take none of it away.
          if (text === 'It is' && held) broken(held);
        }
      })();
      await expect(read).rejects.toMatchObject({ code: 'STREAM_BROKEN' });
      expect([text, one.server.bodies.length, ran]).toEqual(['It is', 1, []]);
    });

    test('within a call: it is asked again, and the tools of the whole answer run once', async () => {
      const replies = [begun(said.begunCalls, broken), stream(said.calls), stream(said.text)];
      await using one = await chatEngine(provider, inTurn(...replies));
      const { ran, tool } = weatherTool();
      const result = await new Agent({ engine: one.engine, tools: [tool] }).run('Well?');
      expect(result.text).toBe('It is mild.');
      expect(ran).toEqual([{ city: 'Oslo' }, { city: 'Bergen' }]);
    });
  });

  test('a server that fails is asked again, one that refuses is not', async () => {
    const status =
      (code: number): Reply =>
      (_body, response) =>
        response.writeHead(code).end('{"error":{"message":"no"}}');
    await using failing = await chatEngine(provider, inTurn(status(500), status(502), stream(said.text)));
    expect(await failing.engine.generate(QUESTION)).toMatchObject({
      text: 'It is mild.',
      usage: { elsewhere: { retries: 2 } },
    });
    for (const code of [400, 401, 404]) {
      await using refusing = await chatEngine(provider, status(code));
      await expect(refusing.engine.generate(QUESTION)).rejects.toMatchObject({ code: 'REMOTE_FAILED' });
      expect(refusing.server.bodies).toHaveLength(1);
    }
  });

  test.each([429, 503, 529])(
    '%i is BACKPRESSURE with the time that it says; a short one is waited for',
    async (code) => {
      const busy =
        (seconds: string): Reply =>
        (_body, response) =>
          response.writeHead(code, { 'retry-after': seconds }).end('{"error":{"message":"busy"}}');
      await using long = await chatEngine(provider, busy('20'));
      const refused = long.engine.generate(QUESTION);
      await expect(refused).rejects.toMatchObject({ code: 'BACKPRESSURE', retryAfter: 20_000 });
      expect(long.server.bodies).toHaveLength(1);
      await using short = await chatEngine(provider, inTurn(busy('0.01'), stream(said.text)));
      expect(await short.engine.generate(QUESTION)).toMatchObject({ text: 'It is mild.' });
    },
  );

  test('silence is broken off: before the first word, and between two', async () => {
    await using mute = await chatEngine(provider, () => {}, { firstTokenMs: 30 });
    await expect(mute.engine.generate(QUESTION)).rejects.toMatchObject({ code: 'REMOTE_FAILED' });
    await using halting = await chatEngine(
      provider,
      begun(said.begun, () => {}),
      { idleMs: 60 },
    );
    await expect(halting.engine.generate(QUESTION)).rejects.toMatchObject({ code: 'STREAM_BROKEN' });
  });

  test('bytes that drip in and are no part of an answer do not keep it alive', async () => {
    const drip: Reply = (_body, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const timer = setInterval(() => response.write(': ping\n\n'), 5);
      response.on('close', () => clearInterval(timer));
    };
    await using one = await chatEngine(provider, drip, { firstTokenMs: 50 });
    await expect(one.engine.generate(QUESTION)).rejects.toMatchObject({ code: 'REMOTE_FAILED' });
  });

  test.each([
    ['a line', 200, 'data: ', 'x'.repeat(1 << 20)],
    ['an event', 200, 'data: x\n', `data: ${'x'.repeat(1 << 10)}\n`.repeat(1 << 10)],
    ['an error', 400, '', 'x\n'.repeat(1 << 19)],
  ])('%s without end is broken off after some megabytes', async (_what, status, head, piece) => {
    let sent = 0;
    const endless: Reply = (_body, response) => {
      response.writeHead(status, { 'content-type': status === 200 ? 'text/event-stream' : 'application/json' });
      response.on('error', () => {});
      response.write(head);
      const more = () => {
        while (!response.destroyed && sent < 1 << 30) {
          sent += piece.length;
          if (!response.write(piece)) return void response.once('drain', more);
        }
      };
      more();
    };
    await using one = await chatEngine(provider, endless);
    await expect(one.engine.generate(QUESTION)).rejects.toMatchObject({ code: 'REMOTE_FAILED' });
    expect(sent).toBeLessThan(1 << 28);
  });

  test('an answer that is whole does not wait for the end of its connection', async () => {
    const open: Reply = (_body, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(said.text);
    };
    await using one = await chatEngine(provider, open, { idleMs: 1_500 });
    const whole = one.engine.generate(QUESTION);
    // Of these providers Anthropic's package alone says so before the connection ends.
    if (provider === 'anthropic') expect(await whole).toMatchObject({ text: 'It is mild.', finishReason: 'stop' });
    else await expect(whole).rejects.toMatchObject({ code: 'STREAM_BROKEN' });
  });

  test('who cancels gets what was told, and the connection is closed', async () => {
    let closed = false;
    const reply = begun(said.begun, () => {});
    await using one = await chatEngine(provider, (body, response, request) => {
      response.on('close', () => {
        closed = true;
      });
      reply(body, response, request);
    });
    const answer = one.engine.generate(QUESTION);
    const leave = answer.subscribe({
      event: (event) => {
        if (event.type === 'text' && event.text === ' is') answer.cancel();
      },
      end: () => {},
    });
    expect(await answer).toMatchObject({ text: 'It is', finishReason: 'cancelled', toolCalls: [] });
    leave();
    while (!closed) await new Promise((resolve) => setImmediate(resolve));
  });

  test('a close ends what is under way', async () => {
    await using one = await chatEngine(provider, () => {});
    const answer = one.engine.generate(QUESTION);
    await new Promise((resolve) => setImmediate(resolve));
    await one.engine.close();
    await expect(answer).rejects.toMatchObject({ code: 'CLOSED' });
    expect(() => one.engine.generate(QUESTION)).toThrow(expect.objectContaining({ code: 'CLOSED' }));
  });
});

test('a provider that hears of no abort: whoever cancels is not kept, and what opens later is closed', async () => {
  let open = (_opened: { stream: ReadableStream<ChatPiece> }) => {};
  const chat: ChatModel = {
    ...{ specificationVersion: 'v3', provider: 'deaf', modelId: 'm' },
    doStream: () =>
      new Promise((resolve) => {
        open = resolve;
      }),
  };
  await using engine = await RemoteEngine.connect({ chat });
  const answer = engine.generate(QUESTION);
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  answer.cancel();
  expect(await answer).toMatchObject({ finishReason: 'cancelled', text: '' });
  await new Promise<void>((cancel) => open({ stream: new ReadableStream<ChatPiece>({ cancel: () => cancel() }) }));
});
