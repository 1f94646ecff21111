import { expect, test } from 'vitest';
import { Agent } from '../../src/agent/agent.js';
import { fitResults } from '../../src/agent/fit-results.js';
import { defineTool } from '../../src/agent/tool.js';
import type { ToolMessage } from '../../src/chat/chat-message.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';

const result = (content: string): ToolMessage => ({ role: 'tool', toolCallId: 'c1', name: 'read', content });
const read = (text: string) =>
  defineTool({ name: 'read', description: 'Reads', input: { type: 'object' }, execute: () => text });

test('what fits stays; the longest is cut first, and says how much there was', () => {
  const { engine } = scripted(() => '');
  const size = (text: string) => engine.tokenize(text).length;
  const [short, long] = [result('a short one'), result('word '.repeat(2000))];
  expect(fitResults(engine, [short, long], 100_000)).toEqual([short, long]);
  const room = 96 + size(short.content) + 200;
  const [first, second] = fitResults(engine, [short, long], room) ?? [];
  expect(first).toEqual(short);
  expect(second?.content).toContain(`[cut: the first 200 of ${size(long.content)} tokens, the context is full]`);
  expect(long.content.startsWith(second?.content.split('\n[cut')[0] as string)).toBe(true);
  expect(fitResults(engine, [short, long], 40)).toBeUndefined();
});

test('a result without room ends the run with its steps; the conversation keeps what the tool did', async () => {
  const { engine, native } = scripted((prompt) => (prompt.includes('read it') ? callText('c1', 'read', '{}') : 'ok'));
  Object.assign(native.info, { maxContext: 1_500 }); // the tool's description takes nearly all of it
  const run = new Agent({ engine, tools: [read('long '.repeat(1000))] }).run('read it');
  const { stopReason, steps } = await run;
  expect(stopReason).toBe('context');
  expect(steps).toMatchObject([{ tools: [{ ok: true }] }]);
  expect(run.session.messages.at(-1)).toMatchObject({ role: 'tool', toolCallId: 'c1' });
});

test('results of a run that was ended by a limit are what the next run on its session begins with', async () => {
  const { engine, native } = scripted((prompt) =>
    prompt.endsWith('<|user|>go<|end|>\n<|assistant|>') ? callText('c1', 'read', '{}') : 'ok',
  );
  const agent = new Agent({ engine, tools: [read('the text')], limits: { maxSteps: 1 } });
  const run = agent.run('go');
  expect((await run).stopReason).toBe('max-steps');
  expect((await agent.run('and now?', { session: run.session })).text).toBe('ok');
  const prompt = engine.detokenize(native.requests.at(-1)?.prompt ?? [], { special: true });
  expect(prompt).toContain('<|tool|>the text<|end|>\n<|user|>and now?<|end|>');
});
