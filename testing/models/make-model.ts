/** npx tsx testing/models/make-model.ts --arch qwen3 --out model.gguf [--type Q8_0 --layers 28 ...] | --hostile NAME | --bert POOLING | --head NAME */
import { parseArgs } from 'node:util';
import { writeRandomBert } from './bert-model.js';
import { POOLING } from './gguf/bert.js';
import type { TensorType } from './gguf/tensor-data.js';
import { HEADS, type HeadName, writeRandomHead } from './head-model.js';
import { HOSTILE, type HostileName, writeHostileModel } from './hostile-model.js';
import {
  ARCHITECTURES,
  type Architecture,
  type RandomModelOptions,
  SHAPE_06B,
  SHAPE_HYBRID,
  writeRandomModel,
} from './random-model.js';

const NUMBERS = {
  layers: 'layers',
  embedding: 'embedding',
  heads: 'heads',
  'kv-heads': 'kvHeads',
  'head-dim': 'headDim',
  'feed-forward': 'feedForward',
  vocabulary: 'vocabulary',
  context: 'context',
  experts: 'experts',
  'sliding-window': 'slidingWindow',
  merges: 'merges',
  seed: 'seed',
} as const;

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    arch: { type: 'string' },
    type: { type: 'string' },
    hostile: { type: 'string' },
    bert: { type: 'string' },
    head: { type: 'string' },
    pooling: { type: 'string' },
    '0.6b': { type: 'boolean' },
    hybrid: { type: 'boolean' },
    ...Object.fromEntries(Object.keys(NUMBERS).map((name) => [name, { type: 'string' as const }])),
  },
});
const given = values as Record<string, string | undefined>;

if (!given.out) {
  const flags = Object.keys(NUMBERS).map((name) => `--${name} N`);
  console.error(`usage: make-model --out FILE [--0.6b | --hybrid] [--arch ${ARCHITECTURES.join('|')}]`);
  console.error(`       [--type F32|F16|Q8_0] [--pooling mean|cls|last] ${flags.join(' ')}`);
  console.error(`   or: make-model --out FILE --hostile ${HOSTILE.join('|')}`);
  console.error(`   or: make-model --out FILE --bert ${Object.keys(POOLING).join('|')}`);
  console.error(`   or: make-model --out FILE --head ${HEADS.join('|')}`);
  process.exit(2);
}
if (given.hostile) writeHostileModel(given.out, given.hostile as HostileName);
else if (given.head) writeRandomHead(given.out, given.head as HeadName);
else if (given.bert) writeRandomBert(given.out, { pooling: given.bert as keyof typeof POOLING });
else {
  const options: RandomModelOptions = values['0.6b'] ? { ...SHAPE_06B } : values.hybrid ? { ...SHAPE_HYBRID } : {};
  if (given.arch) options.architecture = given.arch as Architecture;
  if (given.pooling) options.pooling = given.pooling as keyof typeof POOLING;
  if (given.type) options.type = given.type as TensorType;
  for (const [flag, field] of Object.entries(NUMBERS)) if (given[flag]) options[field] = Number(given[flag]);
  writeRandomModel(given.out, options);
}
