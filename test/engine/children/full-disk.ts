import { Engine } from '../../../src/index.js';

// Requests of an engine whose disk cache lies on a small file system of its own, until that is full and some more:
// node --import tsx full-disk.ts <directory>. What became of them, as JSON.
const [dir = ''] = process.argv.slice(2);
const options = { kvTokens: 4096, threads: 1 };
const ask = async (engine: Engine, number: number) => {
  const prompt = Int32Array.from({ length: 1_000 }, (_, i) => 10 + ((number * 7919 + i * 104_729) % 1_500));
  return [...(await engine.generate(prompt, { temperature: 0, maxTokens: 8, durable: true })).tokens];
};
await using engine = await Engine.load({ ...options, cache: { dir, bytes: 2 ** 28 } });
await using plain = await Engine.load(options);
const told: string[] = [];
const listening = (async () => {
  for await (const { kind, text } of engine.decisions()) if (kind === 'disk') told.push(text);
})();
let wrong = 0;
let asked = 0;
for (let more = 4; more > 0 && asked < 60; asked++) {
  const [one, other] = [await ask(engine, asked), await ask(plain, asked)];
  if (one.join() !== other.join()) wrong++;
  if (told.length > 0) more--;
}
const { disk } = await engine.stats();

process.stdout.write(JSON.stringify({ asked, wrong, told, disk, reason: engine.info.cacheReason }));
await engine.close();
await listening;
