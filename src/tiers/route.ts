import type { ChatMessage } from '../chat/chat-message.js';
import type { GenerationResult } from '../engine/generation.js';
import { checkName, checkObject, checkText, invalidOption } from '../kit/option-checks.js';
import { readFields } from '../kit/read-options.js';
import { checkTierEngine, type Tier, withEngine } from './tier.js';

/** Where a request begins. */
export interface Routed {
  /** Name of the tier; undefined: the first. */
  readonly tier: string | undefined;
  /** What it cost to find out, and where; undefined: nothing. */
  readonly asked?: { readonly engine: Tier['engine']; readonly result: GenerationResult } | undefined;
}

/** Says where a request begins: by its own rules, or by asking a model. */
export type Route = (
  messages: readonly ChatMessage[],
) => string | undefined | Routed | Promise<string | undefined | Routed>;

export interface ClassifyOptions {
  /** Model that classifies: a small one. Several runs may share it. */
  engine: Tier['engine'];
  /** What it is told, e.g. `Classify the request as simple or complex. Answer with one word.` */
  system: string;
  /** Its answers, and the tier that each stands for. It can give no other one. */
  labels: Readonly<Record<string, string>>;
}

/** A route that asks a model which of some labels the last message of the user has. Instructions are computed once. Throws INVALID_OPTION. */
export function classify(options: ClassifyOptions): Route {
  const { engine, system, labels } = readFields('options', checkObject('options', options) as ClassifyOptions);
  checkTierEngine('engine', engine);
  checkText('system', system);
  const tiers = new Map(Object.entries(checkObject('labels', labels) as Record<string, string>));
  if (tiers.size < 2) throw invalidOption('labels', 'two labels or more', labels);
  for (const [label, tier] of tiers) checkName(`labels.${label}`, tier);
  const grammar = `root ::= ${[...tiers.keys()].map(quoted).join(' | ')}`;
  return async (messages) => {
    const asked = messages.findLast(({ role }) => role === 'user');
    const prompt: ChatMessage[] = [{ role: 'system', content: system }, asked ?? { role: 'user', content: '' }];
    const answer = { grammar, temperature: 0, thinking: false };
    const result = await withEngine(engine, (loaded) => loaded.generate(prompt, answer).result);
    return { tier: tiers.get(result.text), asked: { engine, result } };
  };
}

/** A text as GBNF writes it. */
function quoted(label: string): string {
  return `"${label.replace(/["\\\n\r]/g, (character) => ({ '\n': '\\n', '\r': '\\r' })[character] ?? `\\${character}`)}"`;
}
