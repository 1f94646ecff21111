import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ChatMessage, type ToolCall, toTemplateMessage } from '../../src/chat/chat-message.js';
import { renderChat } from '../../src/chat/render-chat.js';
import type { ChatFormat, NativeMessage } from '../../src/native/binding.js';
import { CHAT_DEFAULTS } from '../../testing/engine/chat-input.js';
import { RAMBLING_MODEL } from '../../testing/engine/random-engine.js';
import { TestEngine } from '../../testing/engine/test-engine.js';
import { llamaTemplates } from '../../testing/models/llama-templates.js';
import { adversarialAnswer, inPieces, ownTags } from '../support/adversarial-answers.js';
import { ToldCalls } from '../support/call-pieces.js';
import { randomOf } from '../support/dice.js';

// Answers that talk about calls, make them well and badly, and are cut anywhere: on the chat templates of some seventy real models
// nothing is lost, and an answer reads the same however it comes. ANSWERS=200 asks more of each template (default 6), SEED others.

const ANSWERS = Number(process.env.ANSWERS ?? 6);
const SEED = Number(process.env.SEED ?? 0);

const text = { type: 'string' };
const tool = (name: string, properties: Record<string, object>, required = Object.keys(properties)) => ({
  type: 'function',
  function: { name, description: `The ${name} tool`, parameters: { type: 'object', properties, required } },
});
const called = (name: string, input: object, id: string): ToolCall => ({
  ...{ id, name, arguments: JSON.stringify(input), input },
});
const glob = tool('glob', { pattern: text });
const send = tool(
  'send',
  { to: text, amount: { type: 'number' }, urgent: { type: 'boolean' }, tags: { type: 'array', items: text }, more: {} },
  ['to', 'amount'],
);
const GLOB = called('glob', { pattern: '*.ts' }, 'abcdefghi');
const SEND = called('send', { to: 'Ada', amount: 1.5, urgent: true, tags: ['a', 'b'], more: { x: [1] } }, 'abcdefghj');

/** What an answer may call, and what it tries to. */
const REQUESTS = {
  'one tool': { tools: [glob], calls: [GLOB] },
  'two tools': { tools: [glob, send], calls: [SEND, GLOB] },
  'no tools': { tools: [], calls: [GLOB] },
};

describe.each(llamaTemplates())('%s', (name, source) => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await TestEngine.open(RAMBLING_MODEL, { chatTemplate: source, kvTokens: 512 });
  });
  afterAll(() => engine.close());

  /** Where the template has no calls, they are texts of ours. */
  const render = (messages: ChatMessage[], tools: object[], addGenerationPrompt: boolean) => {
    const { native } = engine;
    const settings = { ...CHAT_DEFAULTS, tools, onlyTool: undefined };
    return native.info.toolFormat === 'banyan'
      ? renderChat(native, settings, messages, addGenerationPrompt)
      : native.renderChat({ ...settings, messages: messages.map(toTemplateMessage), addGenerationPrompt });
  };
  const user: ChatMessage = { role: 'user', content: 'x' };
  let told: ToldCalls; // of the answer that was read last

  /** How the template writes these calls; of several the first where it takes only one. */
  async function written(calls: ToolCall[]): Promise<string> {
    const { prompt: asked } = await render([user], [glob, send], true);
    const answer = (toolCalls: ToolCall[]) =>
      render([user, { role: 'assistant', content: '', toolCalls }], [glob, send], false);
    const { prompt } = await answer(calls)
      .catch(() => answer(calls.slice(0, 1)))
      .catch(() => ({ prompt: '' }));
    let same = 0;
    while (same < prompt.length && prompt[same] === asked[same]) same++;
    return prompt.slice(same).replace(/(<\|im_end\|>|<\|eot_id\|>|<\/s>|<｜end▁of▁sentence｜>)\s*$/, '');
  }

  const read = (format: ChatFormat, pieces: string[]): NativeMessage => {
    const parts = engine.native.parseChat(format, pieces);
    told = new ToldCalls();
    for (const part of parts) told.part(part);
    told.end();
    return {
      content: parts.map(({ content }) => content).join(''),
      reasoning: parts.map(({ reasoning }) => reasoning).join(''),
      toolCalls: parts.flatMap(({ toolCalls }) => toolCalls),
    };
  };

  test.each(Object.entries(REQUESTS))('nothing is lost, whatever the pieces: %s', async (_what, { tools, calls }) => {
    const call = await written(calls);
    const { format } = await render([user], tools, true);
    const names = tools.map((one) => one.function.name);
    const own = ownTags(source);
    for (let answer = 0; answer < ANSWERS; answer++) {
      const random = randomOf((SEED + answer) * 7919 + 13);
      const text = adversarialAnswer(random, call, own);
      const message = read(format, [text]);
      expect(read(format, Array.from(text)), text).toEqual(message);
      expect(read(format, inPieces(random, text, 6)), text).toEqual(message);
      const told = message.content + message.reasoning + message.toolCalls.map((one) => one.arguments).join('');
      // Each word has a number of its own.
      const words = text.match(/(ordinary|wörter|日本語|🙂|naïve|x)\d+ /g) ?? [];
      expect(
        words.filter((word) => !told.includes(word.trim())),
        text,
      ).toEqual([]);
      for (const { name: called, arguments: json } of message.toolCalls) {
        expect(names).toContain(called);
        expect(JSON.parse(json), text).toBeTypeOf('object');
      }
      if (message.toolCalls.length === 0) expect(dropped(text, message), text).toMatch(MARKERS);
    }
  });

  test('a call is told of while it is written, and nothing that is told is taken back', async () => {
    const input = {
      to: 'Ada "é" 🙂\n\t\\ </x> {[',
      amount: -1.5e3,
      urgent: true,
      tags: ['a', 'b'],
      more: { x: [{ y: null }] },
    };
    const text = await written([called('send', input, 'abcdefghi'), GLOB]);
    const { format } = await render([user], [glob, send], true);
    for (const pieces of [[text], Array.from(text), inPieces(randomOf(SEED + 5), text, 6)]) {
      const { toolCalls } = read(format, pieces);
      if (!toolCalls.some((one) => one.name === 'send')) return; // the template does not show it as its format reads it
      expect(told.cut, text).toBe(0);
      if (pieces.length > 1 && !CALLS_AT_ONCE.has(name))
        expect(told.deltas, text).toBeGreaterThan(2 * toolCalls.length);
    }
  });

  test('a call that is cut anywhere is text, or whole', async () => {
    const { format } = await render([user], [glob], true);
    const call = Array.from(await written([GLOB]));
    for (let end = 1; end <= call.length; end++) {
      const cut = call.slice(0, end).join('');
      const message = read(format, [cut]);
      if (message.toolCalls.length > 0) expect(message.toolCalls[0]).toMatchObject({ name: 'glob' });
      else expect(dropped(cut, message), cut).not.toMatch(/glob|pattern|\*\.ts/);
    }
  });
});

/** Templates whose calls have their ids behind the arguments: they are told when they are whole. */
const CALLS_AT_ONCE = new Set(['mistralai-Mistral-Nemo-Instruct-2407.jinja']);

/** Markers of reasoning, and those that wrap a text. */
const MARKERS = /^[\s\w<>|[\]/:,▁｜"=]{0,120}$/;

/** What of the text is neither reasoning nor text; throws where these are not parts of it, in order. */
function dropped(text: string, { reasoning, content }: NativeMessage): string {
  let rest = '';
  let at = 0;
  const told = reasoning + content;
  for (const character of text) {
    if (told.startsWith(character, at)) at += character.length;
    else rest += character;
  }
  expect(told.slice(at)).toBe('');
  return rest;
}
