/** argv[2]: throw | block. */
import { randomPrompt } from '../../../testing/engine/prompts.js';
import { TestEngine } from '../../../testing/engine/test-engine.js';

const engine = await TestEngine.open({}, { kvTokens: 4096 });

if (process.argv[2] === 'throw') {
  let caught = 0;
  process.on('uncaughtException', () => caught++);
  const first = new Promise<void>((resolve) => {
    engine.hook = () => {
      engine.hook = () => {};
      resolve();
      throw new Error('from the handler');
    };
  });
  engine.submit(randomPrompt(1, 20), { maxTokens: 3 });
  await first;
  const { tokens } = await engine.run(randomPrompt(2, 20));
  console.log(`caught ${caught}, then ${tokens.length} tokens`);
} else {
  const requests = Array.from({ length: 4 }, (_, i) => engine.submit(randomPrompt(i, 20), { maxTokens: 50 }));
  const shared = new Int32Array(new SharedArrayBuffer(4));
  Atomics.wait(shared, 0, 0, 1500); // the event loop is blocked, the engine's thread is not
  const { finished } = await engine.stats();
  await Promise.all(requests.map(({ done }) => done));
  console.log(finished === 4 ? 'all there' : `only ${finished} finished while blocked`);
}
await engine.close();
