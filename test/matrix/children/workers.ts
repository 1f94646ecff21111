/** argv[2]: together | terminate | abandon. As a worker: what workerData says. */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { randomPrompt } from '../../support/prompts.js';
import { TestEngine } from '../../support/test-engine.js';

const prompt = randomPrompt('worker', 100);

// tsx hooks the loader of the main thread; a worker must register it itself before it can import TypeScript.
const inWorker = (role: string) =>
  new Worker(
    `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(import.meta.url)}); });`,
    {
      eval: true,
      workerData: role,
    },
  );

/** Its first message. A worker that leaves without one is an error here, not an await that never settles. */
const answerOf = (worker: Worker) =>
  new Promise<unknown>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the worker left with code ${code} before it answered`)));
  });

if (!isMainThread) {
  const engine = await TestEngine.open();
  if (workerData === 'answer') {
    parentPort?.postMessage((await engine.run(prompt)).tokens.join());
    await engine.close();
  } else if (workerData === 'decode forever') {
    engine.hook = (event) => {
      if (event.type === 'tokens') parentPort?.postMessage('decoding');
    };
    engine.submit(prompt, { maxTokens: 3000 });
  } else {
    await engine.run(prompt);
    parentPort?.postMessage('leaving');
  }
} else {
  const engine = await TestEngine.open();
  const own = (await engine.run(prompt)).tokens.join();
  if (process.argv[2] === 'together') {
    const workers = [inWorker('answer'), inWorker('answer')];
    const exits = workers.map((worker) => once(worker, 'exit'));
    const answers = await Promise.all(workers.map(answerOf));
    const again = (await engine.run(prompt)).tokens.join();
    await Promise.all(exits);
    if ([...answers, again].every((answer) => answer === own)) console.log('same output 3 times');
  } else {
    const terminate = process.argv[2] === 'terminate';
    const worker = inWorker(terminate ? 'decode forever' : 'abandon');
    const left = once(worker, 'exit');
    await answerOf(worker);
    if (terminate) await worker.terminate();
    await left;
    if ((await engine.run(prompt)).tokens.join() === own) console.log('main engine lives');
  }
  await engine.close();
}
