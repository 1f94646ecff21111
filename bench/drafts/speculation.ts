import { fleetTools, question, SYSTEM } from '../../examples/fleet/assistant.js';
import { Agent, type EngineOptions } from '../../src/index.js';
import type { BenchOptions, Report } from '../report.js';
import { reportModes } from './report.js';
import { EMBEDDED_TIMES, type Mode, once, trainedModels, type Work } from './work.js';

const TOKENS = 64;
const THINGS = ['a lighthouse', 'a ferry', 'a storm', 'a bakery', 'a violin', 'a glacier', 'an orchard', 'a comet'];

const MODES: Mode[] = [
  { name: 'off', engine: { draftTokens: 'off' }, request: {} },
  { name: 'always', engine: { draftTokens: 'always' }, request: {} },
  { name: 'auto', engine: { draftTokens: 'auto' }, request: {}, least: 0.98 },
];

const story = (index: number) => [
  { role: 'user' as const, content: `Write story ${index} about ${THINGS[index % THINGS.length]}.` },
];

/** Nothing that repeats: drafts can only lose. */
const free = (name: string, model: EngineOptions, times = 1): Work => ({
  name: `no repetition (temperature 1), ${name}`,
  model,
  times,
  call: async (engine, index) => {
    const options = { temperature: 1, maxTokens: TOKENS, ignoreEos: true, seed: index + 1 };
    return (await engine.generate(story(index), options)).usage;
  },
  peer: once((index) => ({
    ...{ messages: story(index), temperature: 1, max_tokens: TOKENS },
    ...{ seed: index + 1, ignore_eos: true },
  })),
});

const agents: Work = {
  name: 'agent loop, embedded model',
  target: 1.35,
  model: {},
  times: EMBEDDED_TIMES,
  async call(engine, index) {
    const tools = fleetTools({ maxLength: undefined });
    const agent = new Agent({ engine, system: SYSTEM, tools, temperature: 0, maxTokens: 128, limits: { maxSteps: 6 } });
    return (await agent.run(question(index))).usage;
  },
};

/** What drafts give: none, all, and those that pay by measured times, by turns in one run; llama-server's settings beside. */
export async function benchSpeculation(options: BenchOptions): Promise<Report> {
  const trained = await trainedModels();
  const works = [
    ...[agents, free('embedded model', {}, EMBEDDED_TIMES)],
    ...trained.map(({ name, model }) => free(name, model)),
  ];
  return reportModes(works, MODES, [1, 8, 16], options);
}
