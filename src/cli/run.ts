import type { EngineOptions } from '../engine/load-options.js';
import { loadWithProgress } from './load-model.js';

/** One prompt, streamed to stdout; what it cost goes to stderr. Ctrl-C ends the answer, not the process's manners. */
export async function run(
  prompt: string,
  options: { engine: EngineOptions; maxTokens: number | undefined },
): Promise<void> {
  const engine = await loadWithProgress(options.engine);
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt);
  try {
    const messages = [{ role: 'user' as const, content: prompt }];
    const generation = engine.generate(engine.info.hasChatTemplate ? messages : prompt, {
      signal: stop.signal,
      maxTokens: options.maxTokens,
    });
    for await (const event of generation) if (event.type === 'text') process.stdout.write(event.text);
    const { usage, finishReason } = await generation;
    const { promptTokens, outputTokens, ttftMs, itlMs } = usage;
    const rate = itlMs > 0 ? `, ${(1000 / itlMs).toFixed(1)} tokens/s` : '';
    process.stdout.write('\n');
    process.stderr.write(
      `${promptTokens} prompt + ${outputTokens} output tokens, TTFT ${ttftMs.toFixed(0)} ms${rate}, ${finishReason}\n`,
    );
  } finally {
    process.off('SIGINT', interrupt);
    await engine.close();
  }
}
