import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChatFormat, NativeMessage } from '../../src/native/binding.js';
import { CHAT_DEFAULTS } from '../../testing/engine/chat-input.js';
import { RAMBLING_MODEL } from '../../testing/engine/random-engine.js';
import { TestEngine } from '../../testing/engine/test-engine.js';
import { llamaTemplates } from '../../testing/models/llama-templates.js';
import { adversarialAnswer, inPieces, randomNumbers } from '../support/adversarial-answers.js';

// Answers that talk about calls, make them well and badly, and are cut anywhere: on the chat templates of some seventy real models
// nothing is lost, and an answer reads the same however it comes. ANSWERS=200 asks more of each template (default 12).

const ANSWERS = Number(process.env.ANSWERS ?? 12);
const parameters = { type: 'object', properties: { pattern: { type: 'string' } }, required: ['pattern'] };
const tools = [{ type: 'function', function: { name: 'glob', description: 'Finds files', parameters } }];
const user = { role: 'user', content: 'x' };
const called = { id: 'abcdefghi', type: 'function', function: { name: 'glob', arguments: '{"pattern":"*.ts"}' } };

describe.each(llamaTemplates())('%s', (_name, source) => {
  let engine: TestEngine;
  let format: ChatFormat;
  let call: string;
  beforeAll(async () => {
    engine = await TestEngine.open(RAMBLING_MODEL, { chatTemplate: source, kvTokens: 512 });
    const render = (messages: object[], addGenerationPrompt: boolean) =>
      engine.native.renderChat({ ...CHAT_DEFAULTS, messages, tools, addGenerationPrompt });
    const asked = await render([user], true);
    format = asked.format;
    const answer = { role: 'assistant', content: '', tool_calls: [called] };
    const { prompt } = await render([user, answer], false).catch(() => ({ prompt: '' }));
    let same = 0;
    while (same < prompt.length && prompt[same] === asked.prompt[same]) same++;
    call = prompt.slice(same).replace(/(<\|im_end\|>|<\|eot_id\|>|<\/s>|<｜end▁of▁sentence｜>)\s*$/, '');
  });
  afterAll(() => engine.close());

  const read = (pieces: string[]): NativeMessage => {
    const parts = engine.native.parseChat(format, pieces);
    return {
      content: parts.map(({ content }) => content).join(''),
      reasoning: parts.map(({ reasoning }) => reasoning).join(''),
      toolCalls: parts.flatMap(({ toolCalls }) => toolCalls),
    };
  };

  test('nothing is lost, whatever the pieces', () => {
    for (let seed = 0; seed < ANSWERS; seed++) {
      const random = randomNumbers(seed * 7919 + 13);
      const text = adversarialAnswer(random, call);
      const message = read([text]);
      expect(read(Array.from(text)), text).toEqual(message);
      expect(read(inPieces(random, text, 6)), text).toEqual(message);
      const told = message.content + message.reasoning + message.toolCalls.map((one) => one.arguments).join('');
      // Each word has a number of its own.
      const words = text.match(/(ordinary|wörter|日本語|🙂|naïve|x)\d+ /g) ?? [];
      expect(
        words.filter((word) => !told.includes(word.trim())),
        text,
      ).toEqual([]);
      for (const { name, arguments: json } of message.toolCalls) {
        expect(name).toBe('glob');
        expect(JSON.parse(json), text).toBeTypeOf('object');
      }
      if (message.toolCalls.length === 0) expect(dropped(text, message), text).toMatch(MARKERS);
    }
  });
});

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
