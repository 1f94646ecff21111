import { expect, test } from 'vitest';
import type { ChatMessage } from '../../src/chat/chat-message.js';
import { staticTokens } from '../../src/chat/static-prefix.js';
import type { RenderedChat } from '../../src/native/binding.js';

/** A token a character; pairs of letters that meet merge, so that a cut may fall inside a token. */
function tokenize(text: string): Int32Array {
  return Int32Array.from(text.match(/ab|./gs) ?? [], (piece) => (piece === 'ab' ? 1 : (piece.codePointAt(0) ?? 0)));
}

let calls = 0;
const tokenizer = {
  tokenizeLater: async (text: string) => {
    calls++;
    return tokenize(text);
  },
};

const chat = (prompt: string) => ({ prompt, tokens: tokenize(prompt) }) as RenderedChat;
const say = (role: 'system' | 'user', content: string): ChatMessage => ({ role, content });

test('what stands before the first words said is static', async () => {
  expect(await staticTokens(tokenizer, chat('[S]rules[U]hi[A]'), [say('system', 'rules'), say('user', 'hi')])).toBe(11);
  expect(await staticTokens(tokenizer, chat('[T]tools[U]hi[A]'), [say('user', 'hi')])).toBe(11);
});

test('words that stand in the instructions too are not mistaken for them', async () => {
  expect(await staticTokens(tokenizer, chat('[S]say hi[U]hi[A]'), [say('system', 'say hi'), say('user', 'hi')])).toBe(
    12,
  );
});

test('a token that reaches over the border is not static', async () => {
  expect(await staticTokens(tokenizer, chat('[S]ab[A]'), [say('system', '[S]'), say('user', 'b')])).toBe(3);
});

test('nothing said, or nothing before it: nothing is static', async () => {
  expect(await staticTokens(tokenizer, chat('[S]rules'), [say('system', 'rules')])).toBe(0);
  expect(await staticTokens(tokenizer, chat('hi'), [say('user', 'hi')])).toBe(0);
  expect(await staticTokens(tokenizer, chat('[U]HI'), [say('user', 'hi')])).toBe(0);
});

test('a beginning that many share is tokenized once', async () => {
  calls = 0;
  for (const word of ['one', 'two', 'three']) {
    await staticTokens(tokenizer, chat(`[S]the same[U]${word}`), [say('system', 'the same'), say('user', word)]);
  }
  expect(calls).toBe(1);
});
