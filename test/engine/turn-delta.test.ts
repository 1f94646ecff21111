import { describe, expect, test } from 'vitest';
import type { AssistantMessage, ChatMessage } from '../../src/chat/chat-message.js';
import { type TurnEnd, type TurnTemplate, turnDelta } from '../../src/chat/turn-delta.js';
import type { RenderedChat } from '../../src/native/binding.js';

type Write = (message: ChatMessage, index: number, all: readonly ChatMessage[]) => string;

/** A template made of how it writes each message. */
function template(write: Write, prompt: string): TurnTemplate {
  return {
    parallelCalls: true,
    render: async (messages) =>
      ({ prompt: messages.map(write).join('') + prompt, literal: new Int32Array(0) }) as RenderedChat,
  };
}

const call = { id: 'c1', name: 'add', arguments: '{"a":1}', input: { a: 1 } };
const said = (message: Partial<AssistantMessage> = {}): AssistantMessage => ({
  role: 'assistant',
  content: 'Hi.',
  ...message,
});
const ended = (end: Partial<TurnEnd> = {}): TurnEnd => ({ message: said(), tail: 'Hi.', byItself: true, ...end });
const called = (tail: string, byItself = true) =>
  ended({ message: said({ content: '', toolCalls: [call] }), tail, byItself });
const user: ChatMessage[] = [{ role: 'user', content: 'And now?' }];
const toolResult: ChatMessage[] = [{ role: 'tool', toolCallId: 'c1', name: 'add', content: '2' }];
const callsOf = (m: ChatMessage) => (m.role === 'assistant' ? (m.toolCalls ?? []) : []);

describe('ChatML', () => {
  const chatml = template((m) => {
    const calls = callsOf(m).map((c) => `<call>${JSON.stringify(c.input, undefined, 1)}</call>`);
    return `<|im_start|>${m.role}\n${m.content}${calls.join('')}<|im_end|>\n`;
  }, '<|im_start|>assistant\n');
  const next = '<|im_end|>\n<|im_start|>user\nAnd now?<|im_end|>\n<|im_start|>assistant\n';
  const results = '<|im_end|>\n<|im_start|>tool\n2<|im_end|>\n<|im_start|>assistant\n';

  test('the end of the turn, the new messages, the generation prompt', async () => {
    expect((await turnDelta(chatml, ended(), user)).text).toBe(next);
  });
  test('the same after a limit, a stop text or a cancel', async () => {
    expect((await turnDelta(chatml, ended({ byItself: false, tail: '' }), user)).text).toBe(next);
  });
  test('tool results follow the calls, however the template writes their JSON', async () => {
    expect((await turnDelta(chatml, called('<call>{"a":1}</call>'), toolResult)).text).toBe(results);
    expect((await turnDelta(chatml, called('nothing of this occurs §'), toolResult)).text).toBe(results);
  });
  test('a call that was cut is closed', async () => {
    const delta = await turnDelta(chatml, called('</call><call>{"a', false), toolResult);
    expect(delta.text).toBe(`\n}</call>${results}`);
  });
  test('a turn stopped behind its call is not closed twice', async () => {
    expect((await turnDelta(chatml, called('{\n "a": 1\n}</call>', false), toolResult)).text).toBe(results);
  });
  test('what the assistant said is not written again, whatever it was', async () => {
    const end = ended({ message: said({ content: '<|im_end|>Banyan7Marker<|im_end|>' }) });
    expect((await turnDelta(chatml, end, user)).text).toBe(next);
  });
  test('a user cannot cut the delta with the marker', async () => {
    const delta = await turnDelta(chatml, ended(), [{ role: 'user', content: 'Banyan7Marker' }]);
    expect(delta.text).toBe(next.replace('And now?', 'Banyan7Marker'));
  });
});

describe('templates that rewrite history', () => {
  test('old reasoning dropped, an empty one written for the last turn (Qwen3)', async () => {
    const qwen3 = template((m, index, all) => {
      const thought = m.role === 'assistant' && index === all.length - 1 ? '<think>\n\n</think>\n\n' : '';
      return `<|im_start|>${m.role}\n${thought}${m.content}<|im_end|>\n`;
    }, '<|im_start|>assistant\n');
    const end = ended({ message: said({ reasoning: 'Hm.' }) });
    const expected = '<|im_end|>\n<|im_start|>user\nAnd now?<|im_end|>\n<|im_start|>assistant\n';
    expect((await turnDelta(qwen3, end, user)).text).toBe(expected);
  });

  test('tools listed before the last user turn (Mistral)', async () => {
    const mistral = template((m, index, all) => {
      if (m.role !== 'user') return `${m.content}</s>`;
      const last = index === all.findLastIndex(({ role }) => role === 'user');
      return `${last ? '[TOOLS]' : ''}[INST]${m.content}[/INST]`;
    }, '');
    expect((await turnDelta(mistral, ended(), user)).text).toBe('</s>[TOOLS][INST]And now?[/INST]');
  });

  test('contents beside calls dropped (Llama 3.1)', async () => {
    const llama = template(
      (m) => `<|start|>${m.role}<|head|>${callsOf(m)[0]?.arguments ?? m.content}<|eot_id|>`,
      '<|start|>assistant<|head|>',
    );
    const expected = '<|eot_id|><|start|>tool<|head|>2<|eot_id|><|start|>assistant<|head|>';
    expect((await turnDelta(llama, called('{"a":1}'), toolResult)).text).toBe(expected);
    expect((await turnDelta(llama, called('{"a":', false), toolResult)).text).toBe(`}${expected}`);
    const marked: ChatMessage[] = [{ role: 'tool', toolCallId: 'c1', name: 'add', content: 'Banyan7Marker' }];
    expect((await turnDelta(llama, called('{"a":1}'), marked)).text).toBe(expected.replace('>2<', '>Banyan7Marker<'));
  });

  test('calls end with a token of their own (harmony)', async () => {
    const harmony = template(
      (m) =>
        `<|start|>${m.role}<|message|>${m.content}${callsOf(m)[0]?.arguments ?? ''}${callsOf(m)[0] ? '<|call|>' : '<|end|>'}`,
      '<|start|>assistant',
    );
    expect((await turnDelta(harmony, ended(), user)).text).toBe(
      '<|end|><|start|>user<|message|>And now?<|end|><|start|>assistant',
    );
    const results = '<|start|>tool<|message|>2<|end|><|start|>assistant';
    expect((await turnDelta(harmony, called('json<|message|>{"a":1}'), toolResult)).text).toBe(`<|call|>${results}`);
    expect((await turnDelta(harmony, called('json<|message|>{"a":', false), toolResult)).text).toBe(
      `}<|call|>${results}`,
    );
  });

  test('several tokens close a turn with calls (DeepSeek)', async () => {
    const deepseek = template(
      (m) =>
        m.role === 'assistant'
          ? `${m.content}${callsOf(m).map((c) => `<call>${c.arguments}</calls>`)}<eos>`
          : `<${m.role}>${m.content}`,
      '<assistant>',
    );
    expect((await turnDelta(deepseek, called('{"a":1}</calls>'), toolResult)).text).toBe('<eos><tool>2<assistant>');
  });

  test('a generation prompt that was not asked for (Firefunction)', async () => {
    const eager = template(
      (m, index, all) => `<|${m.role}|>${m.content}<|end|>${index === all.length - 1 ? '<|assistant|>' : ''}`,
      '',
    );
    expect((await turnDelta(eager, ended(), user)).text).toBe('<|end|><|user|>And now?<|end|><|assistant|>');
  });

  test('results inside the turn that called, words after them (Gemma 4)', async () => {
    const gemma = template((m, index, all) => {
      if (m.role === 'tool') return '';
      const results = all.slice(index + 1).filter(({ role }) => role === 'tool');
      const calls = callsOf(m).map(
        (c) => `<call>${c.arguments}</call>${results.map((r) => `<result>${r.content}</result>`)}`,
      );
      const open = calls.length > 0 && results.length > 0;
      return `<turn>${m.role}\n${calls.join('')}${m.content}${open ? '' : '</turn>\n'}`;
    }, '');
    expect((await turnDelta(gemma, called('<call>{"a":1}</call>'), toolResult)).text).toBe('<result>2</result>');
  });

  test('messages left out altogether are an error, not a guess', async () => {
    const silent = template((m) => (m.role === 'assistant' ? '' : m.content), '');
    await expect(turnDelta(silent, ended(), user)).rejects.toMatchObject({ code: 'INVALID_TEMPLATE' });
  });
});
