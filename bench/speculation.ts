import { once } from 'node:events';
import { fleetTools, question, SYSTEM } from '../examples/fleet/assistant.js';
import { Agent, Engine, type EngineOptions } from '../src/index.js';
import { realModel } from '../testing/models/real-models.js';
import { post, startLlamaServer } from '../testing/remote/llama-server.js';
import { median, spread } from '../testing/statistics.js';
import type { BenchOptions, Report } from './report.js';

const MODES = ['off', 'always', 'auto'] as const;
type Mode = (typeof MODES)[number];
const BATCHES = [1, 8];
const CALLS = 8;
const TOKENS = 64;

/** What is asked for, `CALLS` times: output tokens. */
interface Work {
  name: string;
  model: string | undefined;
  call(engine: Engine, index: number): Promise<number>;
  /** The same as llama-server is asked; absent: it is not. */
  body?(index: number): object;
}

const THINGS = ['a lighthouse', 'a ferry', 'a storm', 'a bakery', 'a violin', 'a glacier', 'an orchard', 'a comet'];
const PERSON = {
  type: 'object',
  properties: {
    name: { type: 'string', maxLength: 16 },
    occupation: { type: 'string', maxLength: 16 },
    home_town: { type: 'string', maxLength: 16 },
    favourite_colour: { enum: ['red', 'green', 'blue'] },
  },
  required: ['name', 'occupation', 'home_town', 'favourite_colour'],
  additionalProperties: false,
} as const;
const told = (index: number) => [
  { role: 'user' as const, content: `Invent a person who has to do with ${THINGS[index]}, as JSON.` },
];
const story = (index: number) => [{ role: 'user' as const, content: `Write a story about ${THINGS[index]}.` }];

const FREE = { temperature: 1, maxTokens: TOKENS, ignoreEos: true };

function works(smollm2: string | undefined): Work[] {
  const agents: Work = {
    name: 'agent loop, embedded model',
    model: undefined,
    async call(engine, index) {
      const tools = fleetTools({ maxLength: undefined });
      const limits = { maxSteps: 6 };
      const agent = new Agent({ engine, system: SYSTEM, tools, temperature: 0, maxTokens: 128, limits });
      return (await agent.run(question(index))).usage.outputTokens;
    },
  };
  const free = (name: string, model: string | undefined): Work => ({
    name: `no repetition (temperature 1), ${name}`,
    model,
    call: async (engine, index) =>
      (await engine.generate(story(index), { ...FREE, seed: index + 1 })).usage.outputTokens,
    body: (index) => ({
      messages: story(index),
      temperature: 1,
      max_tokens: TOKENS,
      seed: index + 1,
      ignore_eos: true,
    }),
  });
  const schema: Work = {
    name: 'schema outputs, SmolLM2',
    model: smollm2,
    call: async (engine, index) =>
      (await engine.generate(told(index), { temperature: 0, maxTokens: TOKENS, schema: PERSON })).usage.outputTokens,
    body: (index) => ({
      ...{ messages: told(index), temperature: 0, max_tokens: TOKENS },
      response_format: { type: 'json_schema', json_schema: { name: 'person', schema: PERSON } },
    }),
  };
  return [agents, free('embedded model', undefined), ...(smollm2 ? [schema, free('SmolLM2', smollm2)] : [])];
}

interface Cost {
  tokens: number;
  wallMs: number;
  cpuMs: number;
  drafted: number;
  accepted: number;
}

/** All calls, so many at once. */
async function inTurns(batch: number, call: (index: number) => Promise<number>): Promise<number> {
  let next = 0;
  let tokens = 0;
  const line = async () => {
    while (next < CALLS) {
      const said = await call(next++);
      tokens += said; // behind the await: others count meanwhile
    }
  };
  await Promise.all(Array.from({ length: batch }, line));
  return tokens;
}

/** On an engine of its own: what drafts give is learnt anew each time, and nothing is cached. */
async function costOf(work: Work, mode: Mode, batch: number, threads: number): Promise<Cost> {
  const options: EngineOptions = {
    ...(work.model !== undefined && { model: work.model }),
    ...(threads > 0 && { threads }),
  };
  await using engine = await Engine.load({ ...options, draftTokens: mode });
  const began = performance.now();
  const cpu = process.cpuUsage();
  const tokens = await inTurns(batch, (index) => work.call(engine, index));
  const { user, system } = process.cpuUsage(cpu);
  const wallMs = performance.now() - began;
  const { draftedTokens, acceptedTokens } = await engine.stats();
  return { tokens, wallMs, cpuMs: (user + system) / 1000, drafted: draftedTokens, accepted: acceptedTokens };
}

/** llama-server's kinds that need no draft model: none, as it sets them, and for matches and drafts as short as agents' are. */
const PEER_SETTINGS: Record<string, string[]> = {
  none: [],
  'ngram-mod': ['--spec-type', 'ngram-mod'],
  'ngram-mod 16/1/16': [
    ...['--spec-type', 'ngram-mod', '--spec-ngram-mod-n-match', '16'],
    ...['--spec-ngram-mod-n-min', '1', '--spec-ngram-mod-n-max', '16'],
  ],
  'ngram-simple 3/8': [
    ...['--spec-type', 'ngram-simple', '--spec-ngram-simple-size-n', '3', '--spec-ngram-simple-size-m', '8'],
  ],
  'ngram-map-k 8/8': [
    ...['--spec-type', 'ngram-map-k', '--spec-ngram-map-k-size-n', '8', '--spec-ngram-map-k-size-m', '8'],
  ],
};

/** Tokens a second of each setting. */
async function peerRates(binary: string, work: Work, batch: number, threads: number): Promise<Map<string, number>> {
  const rates = new Map<string, number>();
  for (const [name, flags] of Object.entries(PEER_SETTINGS)) {
    const common = ['-m', work.model ?? '', '-c', `${2048 * batch}`, '-np', `${batch}`, '-fa', 'off', '--no-webui'];
    const { child, url } = await startLlamaServer(binary, [...common, '-t', `${threads || 1}`, ...flags]);
    try {
      const began = performance.now();
      const tokens = await inTurns(batch, async (index) => {
        const answer = (await post(`${url}/v1/chat/completions`, work.body?.(index) ?? {})) as {
          usage: { completion_tokens: number };
        };
        return answer.usage.completion_tokens;
      });
      rates.set(name, (1000 * tokens) / (performance.now() - began));
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  return rates;
}

const rate = ({ tokens, wallMs }: Cost) => (1000 * tokens) / wallMs;
const cpuOf = ({ tokens, cpuMs }: Cost) => cpuMs / tokens;
const digits = (value: number) => Number(value.toPrecision(3));

/** What drafts give: none, all, and those that pay by measured times, by turns in one run; llama-server's settings beside. */
export async function benchSpeculation({ runs, threads }: BenchOptions): Promise<Report> {
  const peer = process.env.LLAMA_SERVER;
  const findings: string[] = [];
  const rows: (string | number)[][] = [];
  const peers: (string | number)[][] = [];
  for (const work of works(await realModel('smollm2')))
    for (const batch of BATCHES) {
      const costs = new Map<Mode, Cost[]>(MODES.map((mode) => [mode, []]));
      for (let run = 0; run < runs; run++)
        for (const mode of run % 2 === 0 ? MODES : [...MODES].reverse())
          costs.get(mode)?.push(await costOf(work, mode, batch, threads));
      const of = (mode: Mode) => costs.get(mode) ?? [];
      const ratio = (mode: Mode, pick: (cost: Cost) => number) =>
        median(of(mode).map((cost, run) => pick(cost) / pick(of('off')[run] ?? cost)));
      for (const mode of MODES)
        rows.push([
          ...[work.name, batch, mode, digits(median(of(mode).map(rate))), digits(spread(of(mode).map(rate)))],
          ...[digits(ratio(mode, rate)), digits(1 / ratio(mode, cpuOf))],
          ...[median(of(mode).map(({ drafted }) => drafted)), median(of(mode).map(({ accepted }) => accepted))],
        ]);
      const told = (mode: Mode) => `${mode} ${ratio(mode, rate).toFixed(2)}x`;
      const loss = ratio('auto', rate) < 0.98 ? ' LOSS' : '';
      findings.push(
        `${work.name}, ${batch} at once: ${told('always')}, ${told('auto')} of the rate without drafts${loss}`,
      );
      console.error(findings.at(-1));
      if (peer === undefined || !work.body || !work.model) continue;
      const rates = await peerRates(peer, work, batch, threads);
      const [best, most] = [...rates].reduce((a, b) => (b[1] > a[1] ? b : a));
      for (const [name, value] of rates) peers.push([work.name, batch, name, digits(value)]);
      const ours = median(of('auto').map(rate));
      findings.push(
        `${work.name}, ${batch} at once: auto ${(ours / most).toFixed(2)}x of llama-server's best (${best})`,
      );
    }
  return {
    findings,
    tables: [
      {
        title: 'Output tokens a second, by turns; x: median of the ratios of runs side by side',
        columns: ['work', 'at once', 'drafts', 'tokens/s', 'spread %', 'x', 'x of CPU time', 'drafted', 'accepted'],
        rows,
      },
      ...(peers.length > 0
        ? [
            {
              title: 'llama-server, one run of each setting',
              columns: ['work', 'at once', 'setting', 'tokens/s'],
              rows: peers,
            },
          ]
        : []),
    ],
    setup: {
      threads: threads || 'default of each model',
      calls: CALLS,
      repetitions: `${runs}, by turns, an engine each`,
    },
  };
}
