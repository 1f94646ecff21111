import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TokenCodec } from '../../src/backend/backend.js';
import { type AssistantMessage, type ChatMessage, toTemplateMessage } from '../../src/chat/chat-message.js';
import { knownPrefix } from '../../src/chat/known-prefix.js';
import { nextTurn } from '../../src/chat/next-turn.js';
import { toOverflow } from '../../src/chat/overflow/overflow-options.js';
import { renderChat } from '../../src/chat/render-chat.js';
import { type TurnTemplate, turnDelta } from '../../src/chat/turn-delta.js';
import type { NativeEngine } from '../../src/native/binding.js';
import { CHAT_DEFAULTS } from '../../testing/engine/chat-input.js';
import { RAMBLING_MODEL } from '../../testing/engine/random-engine.js';
import { TestEngine } from '../../testing/engine/test-engine.js';
import { llamaTemplates } from '../../testing/models/llama-templates.js';
import { errorOf } from '../support/expect-code.js';

// On the chat templates of some seventy real models: the delta of a turn is what the whole conversation, rendered anew, ends with.

const FIRST: ChatMessage = { role: 'user', content: 'Add one.' };
const SAID: AssistantMessage = { role: 'assistant', content: 'I shall.' };
const call = { id: 'call00001', name: 'add', arguments: '{"a":1}', input: { a: 1 } };
const CALLED: AssistantMessage = { role: 'assistant', content: '', toolCalls: [call] };
const add = { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] };
const tools = [{ type: 'function', function: { name: 'add', description: 'Adds', parameters: add } }];

const templates = llamaTemplates();
/** Templates whose next prompt was told before its result was there. */
let foretold = 0;

test('there are templates to test with', () => {
  expect(templates.length).toBeGreaterThan(50);
});

describe.each(templates)('%s', (name, source) => {
  let engine: TestEngine;
  let template: TurnTemplate;
  let rendered: (messages: readonly ChatMessage[], addGenerationPrompt: boolean) => Promise<string>;
  beforeAll(async () => {
    engine = await TestEngine.open(RAMBLING_MODEL, { chatTemplate: source, kvTokens: 512 });
    const { native } = engine;
    const settings = { ...CHAT_DEFAULTS, tools, onlyTool: undefined };
    const render = (messages: readonly ChatMessage[], addGenerationPrompt: boolean) =>
      native.info.toolFormat === 'banyan'
        ? renderChat(native, settings, messages, addGenerationPrompt)
        : native.renderChat({ ...settings, messages: messages.map(toTemplateMessage), addGenerationPrompt });
    template = {
      render: (messages) => render(messages, true),
      parallelCalls: engine.native.info.supportsParallelCalls,
    };
    rendered = async (messages, addGenerationPrompt) => (await render(messages, addGenerationPrompt)).prompt;
  });
  afterAll(() => engine.close());

  test('a user’s turn', async () => {
    const added: ChatMessage[] = [{ role: 'user', content: 'And two.' }];
    const { text } = await turnDelta(template, { message: SAID, tail: SAID.content, byItself: true }, added);
    expect((await rendered([FIRST, SAID, ...added], true)).endsWith(text)).toBe(true);
    expect(text).toContain('And two.');
    expect(text).not.toContain('shall');
  });

  test('tool results', async () => {
    const added: ChatMessage[] = [{ role: 'tool', toolCallId: call.id, name: 'add', content: 'THE RESULT' }];
    const whole = await rendered([FIRST, CALLED, ...added], true).catch(() => '');
    const tail = whole === '' ? '' : await generatedTail(name, rendered);
    const delta = turnDelta(template, { message: CALLED, tail, byItself: true }, added);
    if (whole === '') {
      expect(await errorOf(() => delta)).toMatchObject({ code: 'INVALID_MESSAGES' });
    } else {
      const { text } = await delta;
      expect(whole.endsWith(text)).toBe(true);
      expect(text).not.toContain('"a"');
      expect(text).toContain('THE RESULT');
    }
  });

  test('what comes before a result that is not there yet', async () => {
    const { native } = engine;
    const codec = codecOf(native);
    const result: ChatMessage = { role: 'tool', toolCallId: call.id, name: 'add', content: 'THE RESULT' };
    const tail = await generatedTail(name, rendered).catch(() => '');
    if (tail === '') return; // it takes no calls
    const last = { answer: 0, said: CALLED, finishReason: 'tool-calls' } as const;
    const past = { tokens: codec.tokenize(tail, false), staticTokens: 0, last, known: [] };
    const settings = { ...CHAT_DEFAULTS, tools, onlyTool: undefined };
    const turn = { messages: [result], added: [result], said: [result] };
    const whole = { overflow: toOverflow('error'), maxTokens: 0, signal: undefined, summarise: undefined };
    const sent = await nextTurn(codec, past, turn, settings, whole).catch(() => undefined);
    if (!sent) return; // nor results
    const known = (await knownPrefix(codec, past, CALLED, [], settings)) as Int32Array;
    let length = 0;
    while (length < known.length && known[length] === sent.prompt[length]) length++;
    expect(known.length - length).toBeLessThanOrEqual(1); // the last token may become one with what the result begins with
    expect(native.detokenize(known, true)).not.toContain('THE');
    const open = native.detokenize(sent.prompt.subarray(length), true);
    expect(open.slice(0, 30)).toContain('THE RESULT');
    expect(await knownPrefix(codec, past, CALLED, [result], settings)).toBeUndefined();
    foretold++;
  });
});

test('most templates take calls and results', () => {
  expect(foretold).toBeGreaterThan(60);
});

/** The calls of a TokenCodec that prompts of sessions need. */
function codecOf(native: NativeEngine): TokenCodec {
  return {
    info: native.info,
    tokenize: (text, addSpecial) => native.tokenize(text, addSpecial, true),
    tokenizeLater: (text, addSpecial) => native.tokenizeLater(text, addSpecial, true),
    detokenize: (tokens, special) => native.detokenize(tokens, special),
    renderChat: (input) => native.renderChat(input),
    tokenizeChat: (text, literal) => native.tokenizeChat(text, literal),
    parseGrammar: (grammar, jsonSchema) => native.parseGrammar(grammar, jsonSchema),
  };
}

/** How a model's call ends where the template closes turns with calls in another way than others. */
const CALL_ENDS: Record<string, string> = {
  'Apriel-1.6-15b-Thinker-fixed.jinja': '</tool_calls>',
  'unsloth-Apriel-1.5.jinja': '</tool_calls>',
  'CohereForAI-c4ai-command-r-plus-tool_use.jinja': ']```',
  'CohereForAI-c4ai-command-r7b-12-2024-tool_use.jinja': '<|END_ACTION|>',
  'upstage-Solar-Open-100B.jinja': '<|tool_call:end|>',
};

/** The last characters of what the model writes to make the call: the rendered turn without its closing. */
async function generatedTail(
  name: string,
  rendered: (m: ChatMessage[], prompt: boolean) => Promise<string>,
): Promise<string> {
  const called = await rendered([FIRST, CALLED], false);
  const callEnd = CALL_ENDS[name];
  if (callEnd) return called.slice(0, called.lastIndexOf(callEnd) + callEnd.length).slice(-40);
  const plain = await rendered([FIRST, SAID], false);
  const closing = plain.slice(plain.lastIndexOf(SAID.content) + SAID.content.length);
  return called.slice(0, called.endsWith(closing) ? called.length - closing.length : undefined).slice(-40);
}
