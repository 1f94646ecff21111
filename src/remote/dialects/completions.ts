import type { NativeClass } from '../../native/vocabulary.js';
import { cannot, checkPenalties, checkPortable, type Dialect, type DialectName, type WireRequest } from './dialect.js';
import { toEbnf } from './ebnf.js';

/** In what servers differ that take token ids on OpenAI's /v1/completions. */
interface Traits {
  name: DialectName;
  /** Asks for the ids of the answer. */
  ids: object;
  /** Those of a choice; undefined: it has none. */
  idsOf(choice: Record<string, unknown>): unknown;
  /** Says that any token may be chosen. */
  everyToken: number;
  /** Who asks, and who goes first; what is '' or undefined goes unsaid. Throws INVALID_OPTION for a tenant that it cannot keep apart. */
  identity(who: Identity): object;
  headers?(session: string): Record<string, string>;
  /** `ebnf`: as xgrammar reads it. */
  grammar(ebnf: string): object;
  tokenize?: Dialect['tokenize'];
}

interface Identity {
  /** Stands for the tenant. */
  salt: string;
  /** Stands for the program. */
  session: string;
  /** Undefined: the server was not declared to have priorities. */
  level: NativeClass | undefined;
  /** Tokens that the answer has at most; undefined: as many as fit. */
  length: number | undefined;
}

const tokenize: Dialect['tokenize'] = {
  path: '/tokenize',
  body: (prompt, model) => ({ model, prompt, add_special_tokens: false }),
};

const HIGH_FIRST = { interactive: 2, workflow: 1, background: 0 };
const LOW_FIRST = { interactive: 0, workflow: 1, background: 2 };
const SHARES = { interactive: 1, workflow: 0.5, background: 0 }; // high first, 0 to 1

/** vLLM and SGLang have the same names for the same things. */
const named =
  (priority: Record<NativeClass, number>): Traits['identity'] =>
  ({ salt, session, level }) => ({
    ...(salt !== '' && { cache_salt: salt }),
    ...(session !== '' && { session_id: session }),
    ...(level && { priority: priority[level] }),
  });

const TRAITS: readonly Traits[] = [
  {
    name: 'vllm',
    ids: { return_token_ids: true },
    idsOf: ({ token_ids }) => token_ids,
    everyToken: -1,
    identity: named(LOW_FIRST),
    grammar: (ebnf) => ({ structured_outputs: { grammar: ebnf } }),
    tokenize,
  },
  {
    name: 'sglang',
    ids: { return_token_ids: true },
    idsOf: ({ token_ids }) => token_ids,
    everyToken: -1,
    identity: named(HIGH_FIRST),
    grammar: (ebnf) => ({ ebnf }),
    tokenize,
  },
  {
    // It answers 400 to a field that it does not know.
    name: 'trtllm',
    ids: { detokenize: false },
    idsOf: ({ token_ids }) => token_ids,
    everyToken: 0,
    identity: ({ salt, session, level }) => {
      if (salt !== '') throw cannot('trtllm', 'tenant', 'tenants would share its cache: run one server for each');
      return {
        ...(session !== '' && { conversation_params: { conversation_id: session } }),
        ...(level && { priority: SHARES[level] }),
      };
    },
    grammar: (ebnf) => ({ response_format: { type: 'ebnf', ebnf } }),
  },
  {
    // A frontend before workers of vLLM, SGLang or TensorRT-LLM. It tells ids in the place of the texts of logprobs.
    name: 'dynamo',
    ids: { logprobs: 1, return_tokens_as_token_ids: true },
    idsOf: ({ logprobs }) => {
      const { tokens } = Object(logprobs) as { tokens?: unknown };
      return Array.isArray(tokens) ? tokens.map((token) => idOf(token)) : undefined;
    },
    everyToken: -1,
    identity: ({ salt, level, length }) => {
      const hints = { ...(level && { priority: HIGH_FIRST[level] }), ...(length !== undefined && { osl: length }) };
      const some = Object.keys(hints).length > 0 && { agent_hints: hints };
      const nvext = { ...(salt !== '' && { cache_salt: salt }), ...some };
      return Object.keys(nvext).length > 0 ? { nvext } : {};
    },
    headers: (session) => ({ 'x-dynamo-session-id': session }),
    grammar: (ebnf) => ({ guided_grammar: ebnf }),
  },
];

/** `token_id:17` is 17; anything else is no id. */
function idOf(token: unknown): unknown {
  const [, digits] = (typeof token === 'string' && /^token_id:(\d{1,9})$/.exec(token)) || [];
  return digits === undefined ? token : Number(digits);
}

/** vLLM, SGLang, TensorRT-LLM and Dynamo. */
export const COMPLETIONS: readonly Dialect[] = TRAITS.map((traits) => ({
  name: traits.name,
  path: '/v1/completions',
  ...(traits.tokenize && { tokenize: traits.tokenize }),
  body: (wire) => bodyOf(traits, wire),
  headers: ({ session }) => {
    if (session === '') return {};
    return traits.headers?.(session) ?? { 'x-session-id': session };
  },
  read: (event) => read(traits, event),
}));

function bodyOf(traits: Traits, wire: WireRequest): object {
  const { name } = traits;
  checkPortable(name, wire);
  checkPenalties(name, wire, 'it would count other tokens than the last ones of the answer');
  const { sampling, cache, ignoreEos, logitBias, class: level, maxTokens } = wire.asked;
  if (!cache) throw cannot(name, 'cache', 'its prefix cache cannot be left out of one request');
  const { grammar, salt, session } = wire;
  if (grammar && grammar.begun !== '') {
    throw cannot(name, 'toolChoice', 'its grammars begin with the answer, and the prompt has said a part of it');
  }
  const length = maxTokens > 0 ? wire.maxTokens : undefined;
  return {
    model: wire.model,
    prompt: wire.prompt,
    max_tokens: wire.maxTokens,
    stream: true,
    stream_options: { include_usage: true },
    ...traits.ids,
    temperature: sampling.temperature,
    top_k: sampling.topK > 0 ? sampling.topK : traits.everyToken,
    top_p: sampling.topP > 0 ? sampling.topP : 1e-9,
    min_p: sampling.minP,
    ...(sampling.seed >= 0 && { seed: sampling.seed }),
    ...(ignoreEos && { ignore_eos: true }),
    ...(logitBias.length > 0 && { logit_bias: Object.fromEntries(logitBias) }),
    ...(grammar && traits.grammar(toEbnf(grammar.gbnf))),
    ...traits.identity({ salt, session, level: wire.priorities ? level : undefined, length }),
  };
}

function read({ idsOf }: Traits, event: Record<string, unknown>) {
  const [choice] = Array.isArray(event.choices) ? event.choices : [];
  const cached = cachedOf(event.usage);
  if (choice === undefined) return cached === undefined ? undefined : { tokens: [], cached };
  const { text, finish_reason: why } = Object(choice);
  // An event may have neither text nor ids. One with text alone comes of a server that tells no ids.
  const tokens = idsOf(Object(choice)) ?? (text === undefined || text === '' ? [] : undefined);
  const end = why === 'stop' || why === 'length' ? why : why === null || why === undefined ? undefined : 'broken';
  return { tokens, end, ...(cached !== undefined && { cached }) } as const;
}

/** Null: the server reports usage, but not that. Undefined: no usage. */
function cachedOf(usage: unknown): number | null | undefined {
  if (typeof usage !== 'object' || usage === null) return undefined;
  const details = Object((usage as { prompt_tokens_details?: unknown }).prompt_tokens_details);
  return typeof details.cached_tokens === 'number' ? details.cached_tokens : null;
}
