import { availableParallelism, freemem, totalmem } from 'node:os';
import { addon } from '../backend/addon.js';
import type { ModelInfo } from '../engine/engine.js';
import type { EngineOptions } from '../engine/engine-options.js';
import { loadWithProgress } from './load-model.js';

/** Two pages: the model is to be described, not used. */
const SMALLEST_POOL = { kvTokens: 64, maxRunning: 1, maxBatchTokens: 32 };

/** `banyan info`: this machine, and a model on it, whose page pool is not allocated. */
export async function info(options: { engine: EngineOptions; json: boolean }): Promise<void> {
  const machine = describeMachine();
  const engine = await loadWithProgress({ ...options.engine, ...SMALLEST_POOL, cache: undefined });
  const { info } = engine;
  await engine.close();
  // Of the pool that was left out.
  const { pages: _pages, maxContext: _context, maxRunning: _running, maxBatchTokens: _batch, ...model } = info;
  const kvBytesPerToken = info.pageBytes / info.pageTokens;
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ machine, model: { ...model, kvBytesPerToken } }, undefined, 2)}\n`);
  } else process.stdout.write(`${table('machine', machineRows(machine))}\n\n${table('model', modelRows(info))}\n`);
}

type Machine = ReturnType<typeof describeMachine>;

function describeMachine() {
  const { backend, cpuReason, version, llamaVersion } = addon();
  return {
    ...{ banyan: version, llama: llamaVersion, backend, cpuReason },
    ...{ node: process.version, cores: availableParallelism() },
    ...{ platform: `${process.platform}-${process.arch}`, freeBytes: freemem(), totalBytes: totalmem() },
  };
}

type Row = readonly [name: string, value: string];

function machineRows({
  banyan,
  llama,
  backend,
  cpuReason,
  node,
  platform,
  cores,
  freeBytes,
  totalBytes,
}: Machine): Row[] {
  return [
    ['Banyan', `${banyan}, llama.cpp ${llama}, ${backend}${cpuReason === '' ? '' : ` (${cpuReason})`}`],
    ['Node', `${node} on ${platform}, ${cores} cores`],
    ['memory', `${bytes(freeBytes)} of ${bytes(totalBytes)} free`],
  ];
}

const TOOLS: Record<ModelInfo['toolFormat'], string> = {
  template: "yes, in its chat template's format",
  banyan: "yes, in Banyan's format: its chat template shows none",
  none: 'no',
};

function modelRows(model: ModelInfo): Row[] {
  return [
    ['file', model.path],
    ['name', `${model.name || '-'} (${model.architecture})`],
    [
      'size',
      `${bytes(model.sizeBytes)}, ${count(model.parameters)} parameters, a vocabulary of ${number(model.vocabSize)}`,
    ],
    ['context', `trained for ${number(model.contextTrain)} tokens`],
    ...(model.embeddingSize > 0 ? embeddingRows(model) : generationRows(model)),
  ];
}

function embeddingRows(model: ModelInfo): Row[] {
  return [
    ['embeddings', `vectors of ${number(model.embeddingSize)} numbers, ${POOLINGS[model.pooling]}`],
    ['backend', model.backend],
    ['chat', 'no: an embedding model generates no text'],
  ];
}

const POOLINGS = {
  none: '',
  mean: "the mean of a text's tokens",
  cls: "of a text's first token",
  last: "of a text's last token",
};

function generationRows(model: ModelInfo): Row[] {
  const perToken = model.pageBytes / model.pageTokens;
  return [
    [
      'cache',
      perToken > 0 ? `${bytes(perToken)} a token: ${count(2 ** 30 / perToken)} tokens in a GiB` : 'states only',
    ],
    ...memoryRows(model),
    ['attention', `${model.attention}, ${model.kernel}, ${model.backend}`],
    ['prefix reuse', model.noReuseReason === '' ? 'yes' : `no: ${model.noReuseReason}`],
    ['sampling', samplingOf(model)],
    ['chat', model.hasChatTemplate ? 'yes' : 'no chat template: it goes on with texts'],
    ['tools', TOOLS[model.toolFormat]],
  ];
}

/** What its file recommends, in the names of the options. */
function samplingOf({ sampling, samplingReason }: ModelInfo): string {
  const advised = Object.entries(sampling).map(([name, value]) => `${name} ${value}`);
  const told = advised.length === 0 ? 'as by default: its file recommends none' : advised.join(', ');
  return samplingReason === '' ? told : `${told} (${samplingReason})`;
}

/** What layers without attention, or with a sliding window, add to the cache. */
function memoryRows({ stateBytes, states, windowTokens, windowBytes, pages, pageTokens }: ModelInfo): Row[] {
  const rows: Row[] = [];
  if (stateBytes > 0) {
    const saved = states > 0 ? `up to ${number(states)} saved ones (${bytes(states * stateBytes)})` : 'none is saved';
    rows.push(['states', `${bytes(stateBytes)} each: one a running request, ${saved}`]);
  }
  if (windowTokens > 0) {
    const held = bytes(windowBytes / (pages * pageTokens));
    rows.push([
      'windows',
      `of ${number(windowTokens)} tokens: their layers hold all of a sequence, ${held} of each token`,
    ]);
  }
  return rows;
}

function table(title: string, rows: readonly Row[]): string {
  return [title, ...rows.map(([name, value]) => `  ${name.padEnd(14)}${value}`)].join('\n');
}

/** 1,234 of a unit, three digits: 4.23 MB. */
function scaled(value: number, base: number, units: readonly string[]): string {
  const power = Math.max(0, Math.min(units.length - 1, Math.floor(Math.log(value) / Math.log(base))));
  return `${Number((value / base ** power).toPrecision(3))}${units[power]}`;
}

const number = (value: number) => value.toLocaleString('en');
const bytes = (value: number) => scaled(value, 1024, [' B', ' KiB', ' MiB', ' GiB', ' TiB']);
const count = (value: number) => scaled(value, 1000, ['', 'k', 'M', 'G', 'T']);
