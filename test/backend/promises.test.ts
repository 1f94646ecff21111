import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Backend, BackendRequest, RequestEvent } from '../../src/backend/backend.js';
import { BanyanError } from '../../src/kit/errors.js';
import type { NativeHint } from '../../src/native/binding.js';
import type { NativeDecision } from '../../src/native/decisions.js';
import type { TraceLine } from '../../src/trace/format.js';
import { Recorder } from '../../src/trace/recorder.js';
import { backendRequest, IMPLEMENTATIONS } from '../../testing/engine/backends.js';
import { CHAT_DEFAULTS } from '../../testing/engine/chat-input.js';
import { errorOf } from '../support/expect-code.js';

// The promises at the top of src/backend/backend.ts, one test each, held against every implementation.

const HINT: NativeHint = {
  kind: 'finished',
  tool: '',
  expectedMs: 0,
  salt: '',
  tokens: new Int32Array(0),
  steps: 1,
  from: 0,
};
const MESSAGES = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'What is a banyan?' },
];

/** A request under way, and all that its sink was given. */
interface Sent {
  id: number;
  events: RequestEvent[];
  ended: Promise<RequestEvent>;
}

function send(backend: Backend, prompt: Int32Array, maxTokens: number, changes: Partial<BackendRequest> = {}): Sent {
  const events: RequestEvent[] = [];
  let end: (event: RequestEvent) => void = () => {};
  const ended = new Promise<RequestEvent>((resolve) => {
    end = resolve;
  });
  let within = true;
  const id = backend.submit(backendRequest(prompt, maxTokens, changes), (event) => {
    expect(within, 'an event from within submit()').toBe(false);
    events.push(event);
    if (isLast(event)) end(event);
  });
  within = false;
  return { id, events, ended };
}

const isLast = ({ type }: RequestEvent) => type === 'finish' || type === 'error';

/** One last event; what came before it joined is the answer, or the beginning of one that was cancelled. */
function checkWhole({ id, events }: Sent): void {
  expect(events.filter(isLast)).toHaveLength(1);
  const last = events.at(-1) as RequestEvent;
  expect(isLast(last)).toBe(true);
  for (const { request } of events) expect(request).toBe(id);
  if (last.type === 'error') {
    expect(last.error).toBeInstanceOf(BanyanError);
    return;
  }
  if (last.type !== 'finish') return;
  let [tokens, text, reasoning, calls] = [0, '', '', 0];
  for (const event of events) {
    if (event.type === 'tool-call') expect(event.index).toBe(calls++);
    if (event.type !== 'tokens') continue;
    expect(event.tokens.length + event.text.length + event.reasoning.length).toBeGreaterThan(0);
    tokens += event.tokens.length;
    text += event.text;
    reasoning += event.reasoning;
  }
  const { message, usage } = last;
  const whole = [text, reasoning, calls];
  expect([message.content, message.reasoning, message.toolCalls.length]).toEqual(whole);
  expect(usage.outputTokens).toBe(tokens);
  expect(usage.miss.expected).toBe(-1);
}

describe.each(IMPLEMENTATIONS)('$name', ({ open, far = false, unscored = false }) => {
  let backend: Backend;
  let prompt: Int32Array;
  beforeEach(async () => {
    backend = await open();
    prompt = backend.tokenize('Once upon a time there was a tree', true);
  });
  afterEach(() => backend.close());

  test('any schedule: each request has its events in order and one end, also when it is cancelled or all is closed', async () => {
    const actions = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          do: fc.constant('submit' as const),
          prompt: fc.integer({ min: 1, max: 30 }),
          most: fc.integer({ min: 1, max: 12 }),
        }),
      },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('cancel' as const), which: fc.nat(20) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('await' as const), which: fc.nat(20) }) },
      { weight: 3, arbitrary: fc.constant({ do: 'turn' as const }) },
      {
        weight: 1,
        arbitrary: fc.constantFrom({ do: 'explain' as const }, { do: 'hint' as const }, { do: 'clear' as const }),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(actions, { maxLength: 25 }), async (schedule) => {
        await using one = await open().then((opened) =>
          Object.assign(opened, { [Symbol.asyncDispose]: () => opened.close() }),
        );
        const sent: Sent[] = [];
        for (const action of schedule) {
          const picked = 'which' in action ? sent[action.which % Math.max(1, sent.length)] : undefined;
          if (action.do === 'submit')
            sent.push(send(one, prompt.subarray(0, action.prompt), action.most, { program: 7 }));
          else if (action.do === 'cancel' && picked) {
            const over = picked.events.some(isLast);
            expect(one.cancel(picked.id) && over).toBe(false);
          } else if (action.do === 'await') await picked?.ended;
          else if (action.do === 'turn') await turn();
          else if (action.do === 'explain') await one.explain('', prompt);
          else if (action.do === 'hint') one.hint(7, HINT);
          else if (action.do === 'clear') await one.clearCache();
        }
        await one.close();
        expect(new Set(sent.map(({ id }) => id)).size).toBe(sent.length);
        for (const request of sent) checkWhole(request);
        await turn();
        for (const request of sent) checkWhole(request); // nothing comes after the end
      }),
      { numRuns: 25 },
    );
  });

  test('a request runs to its end', async () => {
    const request = send(backend, prompt, 5);
    expect(await request.ended).toMatchObject({ type: 'finish', reason: 'length', usage: { outputTokens: 5 } });
    checkWhole(request);
  });

  test('a request for no token ends once its prompt is computed and cached; what follows finds it', async () => {
    const warm = send(backend, prompt, 0, { progress: true });
    expect(await warm.ended).toMatchObject({ reason: 'length', usage: { outputTokens: 0, cachedTokens: 0 } });
    checkWhole(warm);
    expect(warm.events.map(({ type }) => type)).toEqual(['accepted', 'admitted', 'prefill', 'finish']);
    const next = await send(backend, prompt, 2).ended;
    expect(next).toMatchObject({ usage: { cachedTokens: prompt.length - 1 } });
  });

  test('logprobs of a prompt: of each token but the first, before the answer; nothing of it is cached', async () => {
    if (unscored) {
      const error = await errorOf(() => send(backend, prompt, 2, { promptLogprobs: 1 }));
      expect(error).toMatchObject({ code: 'INVALID_OPTION', field: 'promptLogprobs' });
      return;
    }
    await send(backend, prompt, 2).ended;
    const scored = send(backend, prompt, 2, { promptLogprobs: 1, progress: true });
    expect(await scored.ended).toMatchObject({ reason: 'length', usage: { outputTokens: 2, cachedTokens: 0 } });
    checkWhole(scored);
    const told = scored.events.flatMap((event) => (event.type === 'prompt-logprobs' ? event.logprobs : []));
    expect(told.map(({ token }) => token)).toEqual([...prompt.subarray(1)]);
    for (const { logprob, top } of told) expect([logprob <= 0, top.length]).toEqual([true, 1]);
    const types = scored.events.map(({ type }) => type);
    expect(types.lastIndexOf('prompt-logprobs')).toBeLessThan(types.indexOf('tokens'));
  });

  test('what is wrong is a BanyanError at the call, and has changed nothing', async () => {
    const error = await errorOf(() => send(backend, new Int32Array(0), 5));
    expect(error).toMatchObject({ name: 'BanyanError', code: 'INVALID_OPTION', field: 'prompt' });
    expect(await backend.stats()).toMatchObject({ running: 0, submitted: 0 });
    expect((await send(backend, prompt, 2).ended).type).toBe('finish');
  });

  test('a cancelled request ends soon with what there is; another one goes on', async () => {
    const [left, stays] = [send(backend, prompt, 3_000), send(backend, prompt.subarray(0, 5), 12)];
    while (left.events.length === 0) await turn();
    expect(backend.cancel(left.id)).toBe(true);
    backend.cancel(left.id);
    expect(await left.ended).toMatchObject({ type: 'finish', reason: 'cancelled' });
    expect(backend.cancel(left.id)).toBe(false);
    expect(await stays.ended).toMatchObject({ type: 'finish', reason: 'length' });
    for (const request of [left, stays]) checkWhole(request);
  });

  test('a refusal is BACKPRESSURE with a time to come again, and no token before it', async () => {
    const busy = [1, 2, 3].map((at) => send(backend, backend.tokenize(`${at} ${'and so on '.repeat(90)}`, true), 4));
    const refused = send(backend, prompt, 4, { ttftLimitMs: 20 });
    expect(await refused.ended).toMatchObject({ type: 'error', error: { name: 'BanyanError', code: 'BACKPRESSURE' } });
    const [only, ...more] = refused.events;
    expect([more, only?.type === 'error' && (only.error.retryAfter ?? 0) > 0]).toEqual([[], true]);
    for (const { ended } of busy) expect(await ended).toMatchObject({ type: 'finish', reason: 'length' });
  });

  test('texts and conversations become token ids and back', async () => {
    const text = 'a banyan, 7 roots';
    const ids = backend.tokenize(text, false);
    expect(backend.detokenize(ids, true)).toBe(text);
    expect(await backend.tokenizeLater(text, true)).toEqual(backend.tokenize(text, true));
    const chat = await backend.renderChat({ ...CHAT_DEFAULTS, messages: MESSAGES, tools: [] });
    expect(chat.prompt).toContain('What is a banyan?');
    expect(await backend.tokenizeChat(chat.prompt, chat.literal)).toEqual(chat.tokens);
    const request = send(backend, chat.tokens, 3, { chat: chat.format });
    expect(await request.ended).toMatchObject({ type: 'finish', usage: { promptTokens: chat.tokens.length } });
    checkWhole(request);
  });

  test('what was computed is cached, explained, pinned and forgotten', async () => {
    await send(backend, prompt, 30).ended;
    if (far) {
      expect(await backend.explain('', prompt)).toMatchObject({ matched: 0, reason: 'reuse-off' });
      expect(await backend.pin('', prompt, 60_000, 1)).toEqual({ id: 0, tokens: 0 });
      expect([await backend.unpin(0), await backend.clearCache()]).toEqual([false, 0]);
      return;
    }
    const { matched, promptTokens } = await backend.explain('', prompt);
    expect([matched > 0, promptTokens]).toEqual([true, prompt.length]);
    const pin = await backend.pin('', prompt, 60_000, 1);
    expect(pin.id === 0).toBe(pin.tokens === 0);
    expect(await backend.unpin(pin.id)).toBe(pin.id !== 0);
    expect(await backend.unpin(pin.id)).toBe(false);
    expect(await backend.clearCache()).toBeGreaterThanOrEqual(0);
    expect(await backend.explain('', prompt)).toMatchObject({ matched: 0 });
  });

  test.each([false, true])('what the cache holds is revealed only when it was opened so: %s', async (reveals) => {
    await using one = Object.assign(await open(reveals), { [Symbol.asyncDispose]: async () => {} });
    const [first, second] = ['Paris', 'Quito'].map((end) => one.tokenize(`We were in ${end}`, true)) as [
      Int32Array,
      Int32Array,
    ];
    await send(one, first, 2).ended;
    const explained = await one.explain('', second);
    expect(explained.matched).toBeLessThan(second.length);
    expect(explained.expected >= 0).toBe(reveals && !far);
    expect(await send(one, second, 2).ended).toMatchObject({ usage: { miss: { expected: expect.any(Number) } } });
    await one.close();
  });

  test('a program has a report once it has asked; advice changes no answer', async () => {
    expect(await backend.programReport(77)).toBeUndefined();
    const plain = await send(backend, prompt, 6).ended;
    for (const hint of [
      { kind: 'tool-started', tool: 'search' },
      { kind: 'tool-ended', tool: 'search' },
    ] as const)
      backend.hint(77, { ...HINT, ...hint });
    const advised = await send(backend, prompt, 6, { program: 77, cache: false }).ended;
    expect(advised).toMatchObject({ reason: 'length', message: (plain as { message: object }).message });
    expect(await backend.programReport(77)).toMatchObject({ calls: 1 });
  });

  test('a recorder hears of each submit, hint and end in order, from its beginning to its end', async () => {
    const lines: TraceLine[] = [];
    const recorder = new Recorder(backend.info, { tokens: 'ids', key: [1, 2] }, (line) => lines.push(line));
    const early = send(backend, prompt, 8);
    backend.record(recorder);
    const heard = send(backend, prompt, 3, { program: 5 });
    await Promise.all([early.ended, heard.ended]);
    backend.hint(5, HINT);
    const late = send(backend, prompt, 8);
    backend.record(undefined);
    await late.ended;
    backend.hint(5, HINT);
    expect(lines.map(({ type }) => type)).toEqual(['trace', 'submit', 'finish', 'hint', 'submit']);
    expect(lines[1]).toMatchObject({ request: heard.id, program: 5, tokens: [...prompt] });
    const output = heard.events.flatMap((event) => (event.type === 'tokens' ? event.tokens : []));
    expect(lines[2]).toMatchObject({ request: heard.id, reason: 'length', output });
  });

  test('decisions come while they are watched', async () => {
    const heard: NativeDecision[] = [];
    await send(backend, prompt, 2).ended;
    backend.watchDecisions((decision) => heard.push(decision));
    const { id, ended } = send(backend, prompt, 2);
    await ended;
    await backend.stats();
    expect(heard.filter(({ kind, request }) => kind === 'arrive' && request === id)).toHaveLength(1);
    backend.watchDecisions(undefined);
    await backend.stats();
    const { length } = heard;
    await send(backend, prompt, 2).ended;
    expect(heard).toHaveLength(length);
  });

  test('closing ends what is in flight before it resolves; then every call is CLOSED, and taking back is quiet', async () => {
    const { info } = backend;
    const chat = await backend.renderChat({ ...CHAT_DEFAULTS, messages: MESSAGES, tools: [] });
    const sent = [send(backend, prompt, 3_000), send(backend, prompt, 3_000)];
    const closing = [backend.close(), backend.close()];
    expect(backend.closed).toBe(true);
    const calls: [string, () => unknown][] = [
      ['submit', () => send(backend, prompt, 1)],
      ['tokenize', () => backend.tokenize('a', false)],
      ['tokenizeLater', () => backend.tokenizeLater('a', false)],
      ['detokenize', () => backend.detokenize(prompt, false)],
      ['renderChat', () => backend.renderChat({ ...CHAT_DEFAULTS, messages: MESSAGES, tools: [] })],
      ['tokenizeChat', () => backend.tokenizeChat(chat.prompt, chat.literal)],
      ['parseGrammar', () => backend.parseGrammar('root ::= "a"', '')],
      ['explain', () => backend.explain('', prompt)],
      ['pin', () => backend.pin('', prompt, 1, 1)],
      ['clearCache', () => backend.clearCache()],
      ['hint', () => backend.hint(1, HINT)],
      ['programReport', () => backend.programReport(1)],
      ['snapshot', () => backend.snapshot(10, 0)],
      ['stats', () => backend.stats()],
      ['watchDecisions', () => backend.watchDecisions(() => {})],
    ];
    const refused = async () => {
      for (const [name, call] of calls)
        expect([name, await errorOf(call)]).toMatchObject([name, { name: 'BanyanError', code: 'CLOSED' }]);
      expect([backend.cancel(sent[0]?.id ?? 0), await backend.unpin(1)]).toEqual([false, false]);
      backend.watchDecisions(undefined);
      backend.record(undefined);
      expect(backend.info).toMatchObject({ name: info.name, maxContext: info.maxContext });
    };
    await refused();
    await Promise.all(closing);
    for (const request of sent) {
      checkWhole(request);
      const last = request.events.at(-1);
      expect(last?.type === 'finish' ? last.reason : last?.type === 'error' && last.error.code).toMatch(
        /cancelled|CLOSED/,
      );
    }
    await refused();
    await backend.close();
  });
});
