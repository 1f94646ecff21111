import { expect, test } from 'vitest';
import { TestEngine } from '../../testing/engine/test-engine.js';
import { modelWith } from '../../testing/models/hostile-model.js';

// llama.cpp splits these vocabularies' texts with std::regex, which recurses once a character.
const PRE_TOKENIZERS = ['default', 'deepseek-llm', 'exaone-moe', 'gpt-4o', 'tekken', 'viking'];

test.each(PRE_TOKENIZERS)('%s: a prompt of one endless word is tokens like any other', async (pre) => {
  await using engine = await TestEngine.open(modelWith({ 'tokenizer.ggml.pre': { text: pre } }), { kvTokens: 64 });
  for (const unit of ['a', 'a ', '!', ' ', '\n', '漢']) {
    const text = unit.repeat(60_000);
    const tokens = engine.native.tokenize(text, false, false);
    expect(engine.native.detokenize(tokens, false) === text, `${JSON.stringify(unit)} x 60,000`).toBe(true);
  }
});
