import type { ChatMessage } from '../chat/chat-message.js';
import type { EngineOptions } from '../engine/engine-options.js';
import type { TurnOptions } from '../engine/request-options.js';
import { AnswerWriter } from './answer-writer.js';
import { loadWithProgress } from './load-model.js';
import { usageInWords } from './usage-words.js';

/** One prompt, streamed to stdout; what it cost goes to stderr. A model without a chat template goes on with the text. */
export async function run(
  prompt: string,
  options: { engine: EngineOptions; answer: TurnOptions; system: string | undefined; json: boolean },
): Promise<void> {
  const engine = await loadWithProgress(options.engine);
  try {
    const { system } = options;
    const messages: ChatMessage[] = [
      ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
      { role: 'user', content: prompt },
    ];
    const isChat = engine.info.hasChatTemplate;
    if (!isChat && system !== undefined) {
      process.stderr.write('This model has no chat template: --system is left out, and the text is gone on with.\n');
    }
    const generation = engine.generate(isChat ? messages : prompt, {
      ...options.answer,
      signal: options.engine.signal,
      progress: !options.json,
    });
    if (!options.json) await new AnswerWriter().write(generation);
    const { text, reasoning, usage, finishReason } = await generation;
    if (options.json) {
      process.stdout.write(`${JSON.stringify({ text, reasoning, finishReason, usage }, undefined, 2)}\n`);
    } else process.stderr.write(`${usageInWords(usage)}, ${finishReason}\n`);
  } finally {
    await engine.close();
  }
}
