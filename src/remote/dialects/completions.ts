import type { NativeClass } from '../../native/vocabulary.js';
import { cannot, checkPenalties, checkPortable, type Dialect, type DialectName, type WireRequest } from './dialect.js';
import { toEbnf } from './ebnf.js';

/** In what servers differ that take token ids on OpenAI's /v1/completions. */
interface Traits {
  name: DialectName;
  /** Asks for the ids of the answer. */
  ids: object;
  /** What stands for a class. */
  priority: Record<NativeClass, number>;
  /** What stands for a tenant. */
  salt(salt: string): object;
  session(session: string): object;
  /** `ebnf`: as xgrammar reads it. */
  grammar(ebnf: string): object;
  tokenize?: Dialect['tokenize'];
}

const tokenize: Dialect['tokenize'] = {
  path: '/tokenize',
  body: (prompt, model) => ({ model, prompt, add_special_tokens: false }),
};

const TRAITS: readonly Traits[] = [
  {
    name: 'vllm',
    ids: { return_token_ids: true },
    priority: { interactive: 0, workflow: 1, background: 2 }, // low first
    salt: (salt) => ({ cache_salt: salt }),
    session: (session) => ({ session_id: session }),
    grammar: (ebnf) => ({ structured_outputs: { grammar: ebnf } }),
    tokenize,
  },
  {
    name: 'sglang',
    ids: { return_token_ids: true },
    priority: { interactive: 2, workflow: 1, background: 0 }, // high first
    salt: (salt) => ({ cache_salt: salt }),
    session: (session) => ({ session_id: session }),
    grammar: (ebnf) => ({ ebnf }),
    tokenize,
  },
  {
    name: 'trtllm',
    ids: { detokenize: false },
    priority: { interactive: 1, workflow: 0.5, background: 0 }, // high first, 0 to 1
    salt: (salt) => ({ cache_salt: salt }),
    session: (session) => ({ conversation_params: { conversation_id: session } }),
    grammar: (ebnf) => ({ response_format: { type: 'ebnf', ebnf } }),
  },
];

/** vLLM, SGLang and TensorRT-LLM. */
export const COMPLETIONS: readonly Dialect[] = TRAITS.map((traits) => ({
  name: traits.name,
  path: '/v1/completions',
  ...(traits.tokenize && { tokenize: traits.tokenize }),
  body: (wire) => bodyOf(traits, wire),
  headers: ({ session }) => (session === '' ? {} : { 'x-session-id': session }),
  read,
}));

function bodyOf(traits: Traits, wire: WireRequest): object {
  const { name } = traits;
  checkPortable(name, wire);
  checkPenalties(name, wire, 'it would count other tokens than the last ones of the answer');
  const { sampling, cache, ignoreEos, logitBias, class: level } = wire.asked;
  if (!cache) throw cannot(name, 'cache', 'its prefix cache cannot be left out of one request');
  const { grammar } = wire;
  if (grammar && grammar.begun !== '') {
    throw cannot(name, 'toolChoice', 'its grammars begin with the answer, and the prompt has said a part of it');
  }
  return {
    model: wire.model,
    prompt: wire.prompt,
    max_tokens: wire.maxTokens,
    stream: true,
    stream_options: { include_usage: true },
    ...traits.ids,
    temperature: sampling.temperature,
    top_k: sampling.topK > 0 ? sampling.topK : -1,
    top_p: sampling.topP > 0 ? sampling.topP : 1e-9,
    min_p: sampling.minP,
    ...(sampling.seed >= 0 && { seed: sampling.seed }),
    ...(ignoreEos && { ignore_eos: true }),
    ...(logitBias.length > 0 && { logit_bias: Object.fromEntries(logitBias) }),
    ...(grammar && traits.grammar(toEbnf(grammar.gbnf))),
    ...(wire.salt !== '' && traits.salt(wire.salt)),
    ...(wire.session !== '' && traits.session(wire.session)),
    ...(wire.priorities && { priority: traits.priority[level] }),
  };
}

function read(event: Record<string, unknown>) {
  const [choice] = Array.isArray(event.choices) ? event.choices : [];
  const cached = cachedOf(event.usage);
  if (choice === undefined) return cached === undefined ? undefined : { tokens: [], cached };
  const { token_ids: tokens = [], finish_reason: why } = Object(choice);
  const end = why === 'stop' || why === 'length' ? why : why === null || why === undefined ? undefined : 'broken';
  return { tokens: tokens ?? [], end, ...(cached !== undefined && { cached }) } as const;
}

/** Null: the server reports usage, but not that. Undefined: no usage. */
function cachedOf(usage: unknown): number | null | undefined {
  if (typeof usage !== 'object' || usage === null) return undefined;
  const details = Object((usage as { prompt_tokens_details?: unknown }).prompt_tokens_details);
  return typeof details.cached_tokens === 'number' ? details.cached_tokens : null;
}
