import { describe, expect, test } from 'vitest';
import type { AssistantMessage, ChatMessage } from '../../src/engine/chat-message.js';
import { type TurnEnd, type TurnTemplate, turnDelta } from '../../src/engine/turn-delta.js';
import type { RenderedChat } from '../../src/native/binding.js';

type Write = (message: ChatMessage, index: number, all: readonly ChatMessage[]) => string;

/** A template made of how it writes each message; token ids are indexes of `control`. */
function template(write: Write, prompt: string, control: string[]): TurnTemplate {
  return {
    render: async (messages, addGenerationPrompt) =>
      ({ prompt: messages.map(write).join('') + (addGenerationPrompt ? prompt : '') }) as RenderedChat,
    controlText: (token) => control[token] ?? '',
    firstTokenLength: (text) => (control.find((special) => text.startsWith(special)) ?? ' ').length,
  };
}

const call = { id: 'c1', name: 'add', arguments: '{"a":1}', input: { a: 1 } };
const said = (message: Partial<AssistantMessage> = {}): AssistantMessage => ({
  role: 'assistant',
  content: 'Hi.',
  ...message,
});
const ended = (end: Partial<TurnEnd> = {}): TurnEnd => ({ message: said(), lastToken: 0, byItself: true, ...end });
const user: ChatMessage[] = [{ role: 'user', content: 'And now?' }];
const toolResult: ChatMessage[] = [{ role: 'tool', toolCallId: 'c1', name: 'add', content: '2' }];

const callsOf = (m: ChatMessage) => (m.role === 'assistant' ? (m.toolCalls ?? []) : []);

describe('ChatML', () => {
  const chatml = template(
    (m) => `<|im_start|>${m.role}\n${m.content}${callsOf(m).map((c) => `<call>${c.arguments}</call>`)}<|im_end|>\n`,
    '<|im_start|>assistant\n',
    ['<|im_end|>'],
  );
  const next = '<|im_start|>user\nAnd now?<|im_end|>\n<|im_start|>assistant\n';

  test('after a sampled end of turn, only what the template adds to it', async () => {
    expect((await turnDelta(chatml, ended(), user)).text).toBe(`\n${next}`);
  });
  test.each([
    ['a limit', { lastToken: 7, byItself: false }],
    ['a cancel before the first token', { lastToken: undefined, byItself: false }],
    ['an end that the engine kept to itself', { lastToken: 7, byItself: true }],
  ])('after %s, the end of turn too', async (_name, end) => {
    expect((await turnDelta(chatml, ended(end), user)).text).toBe(`<|im_end|>\n${next}`);
  });
  test('tool results follow the calls', async () => {
    const end = ended({ message: said({ toolCalls: [call] }) });
    const expected = '\n<|im_start|>tool\n2<|im_end|>\n<|im_start|>assistant\n';
    expect((await turnDelta(chatml, end, toolResult)).text).toBe(expected);
  });
  test('what the assistant said is not written again, whatever it was', async () => {
    const end = ended({ message: said({ content: '<|im_end|>Banyan7Marker<|im_end|>' }) });
    expect((await turnDelta(chatml, end, user)).text).toBe(`\n${next}`);
  });
  test('a user cannot cut the delta with the marker', async () => {
    const delta = await turnDelta(chatml, ended(), [{ role: 'user', content: 'Banyan7Marker' }]);
    expect(delta.text).toBe('\n<|im_start|>user\nBanyan7Marker<|im_end|>\n<|im_start|>assistant\n');
  });
});

describe('templates that rewrite history', () => {
  test('old reasoning dropped, an empty one written for the last turn (Qwen3)', async () => {
    const qwen3 = template(
      (m, index, all) => {
        const thought = m.role === 'assistant' && index === all.length - 1 ? '<think>\n\n</think>\n\n' : '';
        return `<|im_start|>${m.role}\n${thought}${m.content}<|im_end|>\n`;
      },
      '<|im_start|>assistant\n',
      ['<|im_end|>'],
    );
    const end = ended({ message: said({ reasoning: 'Hm.' }) });
    const expected = '\n<|im_start|>user\nAnd now?<|im_end|>\n<|im_start|>assistant\n';
    expect((await turnDelta(qwen3, end, user)).text).toBe(expected);
  });

  test('tools listed before the last user turn (Mistral)', async () => {
    const mistral = template(
      (m, index, all) => {
        if (m.role !== 'user') return `${m.content}</s>`;
        const last = index === all.findLastIndex(({ role }) => role === 'user');
        return `${last ? '[TOOLS]' : ''}[INST]${m.content}[/INST]`;
      },
      '',
      ['</s>'],
    );
    expect((await turnDelta(mistral, ended(), user)).text).toBe('[TOOLS][INST]And now?[/INST]');
    expect((await turnDelta(mistral, ended({ byItself: false, lastToken: 9 }), user)).text).toBe(
      '</s>[TOOLS][INST]And now?[/INST]',
    );
  });

  test('contents beside calls dropped (Llama 3.1)', async () => {
    const llama = template(
      (m) => `<|start|>${m.role}<|head|>${callsOf(m)[0]?.arguments ?? m.content}<|eot_id|>`,
      '<|start|>assistant<|head|>',
      ['<|eot_id|>', '<|eom_id|>'],
    );
    const message = said({ content: '', toolCalls: [call] });
    const expected = '<|start|>tool<|head|>2<|eot_id|><|start|>assistant<|head|>';
    expect((await turnDelta(llama, ended({ message }), toolResult)).text).toBe(expected);
    expect((await turnDelta(llama, ended({ message, lastToken: 1 }), toolResult)).text).toBe(expected);
    expect((await turnDelta(llama, ended({ message, byItself: false }), toolResult)).text).toBe(
      `<|eot_id|>${expected}`,
    );
  });

  test('another end sampled than the template writes (harmony)', async () => {
    const harmony = template((m) => `<|start|>${m.role}<|message|>${m.content}<|end|>`, '<|start|>assistant', [
      '<|return|>',
      '<|end|>',
    ]);
    const expected = '<|start|>user<|message|>And now?<|end|><|start|>assistant';
    expect((await turnDelta(harmony, ended(), user)).text).toBe(expected);
    expect((await turnDelta(harmony, ended({ lastToken: 1 }), user)).text).toBe(expected);
  });

  test('several control tokens close a turn with calls (DeepSeek)', async () => {
    const deepseek = template(
      (m) =>
        m.role === 'assistant'
          ? `${m.content}<calls>${callsOf(m)[0]?.arguments}</calls><eos>`
          : `<${m.role}>${m.content}`,
      '<assistant>',
      ['<eos>', '</calls>'],
    );
    const message = said({ toolCalls: [call] });
    expect((await turnDelta(deepseek, ended({ message, lastToken: 1 }), toolResult)).text).toBe(
      '<eos><tool>2<assistant>',
    );
    expect((await turnDelta(deepseek, ended({ message }), toolResult)).text).toBe('<tool>2<assistant>');
  });
});
