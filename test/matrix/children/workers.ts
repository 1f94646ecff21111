/** argv[2]: together | terminate | simulate | abandon. As a worker: what workerData says. */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { loadBinding } from '../../../src/native/binding.js';
import { randomPrompt } from '../../../testing/engine/prompts.js';
import { TestEngine } from '../../../testing/engine/test-engine.js';
import { call, config, program } from '../../sim/support/small.js';

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

interface Message {
  answer?: string;
  reached?: string;
}

const say = (message: Message) => parentPort?.postMessage(message);

/** A worker that leaves without its answer is an error here that says how far it came, not an await that never settles. */
const answerOf = (worker: Worker) =>
  new Promise<string>((resolve, reject) => {
    let last = 'nothing of this file: its loader lost it';
    worker.on('message', ({ answer, reached }: Message) => {
      last = reached ?? last;
      if (answer !== undefined) resolve(answer);
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the worker left with code ${code}; it had reached ${last}`)));
  });

/** Minutes of work: a quarter of a million steps, each of them checked. */
function simulateForLong(): Promise<unknown> {
  const indices = Array.from({ length: 2000 }, (_, i) => i);
  const programs = indices.map(() => program());
  const calls = indices.map((of) => call(of, [of + 1, 100], 1000));
  return loadBinding().simulate({ programs, calls, literals: [] }, config({ pages: 20_000, log: 'none' }));
}

if (workerData === 'simulate for ever') {
  const never = simulateForLong();
  say({ answer: 'simulating' });
  await never;
} else if (!isMainThread) {
  say({ reached: 'its first line' });
  const engine = await TestEngine.open();
  say({ reached: 'a loaded engine' });
  if (workerData === 'answer') {
    say({ answer: (await engine.run(prompt)).tokens.join() });
    await engine.close();
  } else if (workerData === 'decode forever') {
    engine.hook = (event) => {
      if (event.type === 'tokens') say({ answer: 'decoding' });
    };
    engine.submit(prompt, { maxTokens: 3000 });
  } else {
    await engine.run(prompt);
    say({ answer: 'leaving' });
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
    const roles: Record<string, string> = { terminate: 'decode forever', simulate: 'simulate for ever' };
    const role = roles[process.argv[2] as string];
    const worker = inWorker(role ?? 'abandon');
    const left = once(worker, 'exit');
    await answerOf(worker);
    if (role) await worker.terminate();
    await left;
    if ((await engine.run(prompt)).tokens.join() === own) console.log('main engine lives');
  }
  await engine.close();
}
