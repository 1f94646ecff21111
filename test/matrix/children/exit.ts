/** Ends this process with an engine in the phase argv[2]. */
import { randomPrompt } from '../../../testing/engine/prompts.js';
import { TestEngine } from '../../../testing/engine/test-engine.js';

const phase = process.argv[2];
if (phase === 'loading') {
  void TestEngine.open({ layers: 8, embedding: 512, feedForward: 1024 });
  setImmediate(() => process.exit(3));
} else {
  const engine = await TestEngine.open({}, { kvTokens: 4096, maxBatchTokens: 16 });
  const prompt = randomPrompt('exit', 1500);
  const long = () => engine.submit(prompt, { maxTokens: 2000 });
  if (phase === 'idle') process.exit(4);
  if (phase === 'prefilling') {
    long();
    await engine.until(({ prefillTokens }) => prefillTokens > 0);
    process.exit(5);
  }
  if (phase === 'decoding') {
    const requests = Array.from({ length: 8 }, (_, i) => engine.submit(randomPrompt(i, 20), { maxTokens: 400 }));
    await Promise.all(requests.map(({ started }) => started));
    process.exit(6);
  }
  if (phase === 'event') {
    engine.hook = () => process.exit(7);
    engine.submit(randomPrompt('event', 20));
  }
  if (phase === 'closing') {
    long();
    void engine.close();
    process.exit(8);
  }
  if (phase === 'throw') {
    await engine.submit(randomPrompt('throw', 20), { maxTokens: 2000 }).started;
    throw new Error('this is not caught');
  }
  if (phase === 'forgotten') {
    await engine.run(prompt.slice(0, 20));
    console.log('end of program');
  }
  if (phase === 'busy')
    void engine
      .run(prompt.slice(0, 20), { maxTokens: 30 })
      .then(({ tokens }) => console.log(`${tokens.length} tokens`));
}
