import { cannot, checkPenalties, checkPortable, type Dialect, type WireRequest } from './dialect.js';

const NAME = 'llama-server';

/** llama.cpp's server: token ids on /completion. Tenants would share its cache, so it takes none. */
export const LLAMA_SERVER: Dialect = {
  name: NAME,
  path: '/completion',
  tokenize: {
    path: '/tokenize',
    body: (content) => ({ content, add_special: false, parse_special: true }),
  },
  body: (wire) => {
    checkPortable(NAME, wire);
    checkPenalties(NAME, wire, 'it would penalise tokens of the prompt, too');
    if (wire.salt !== '') throw cannot(NAME, 'tenant', 'tenants would share its cache: run one server for each');
    const { sampling, cache, ignoreEos, logitBias } = wire.asked;
    return {
      prompt: wire.prompt,
      n_predict: wire.maxTokens,
      stream: true,
      return_tokens: true,
      cache_prompt: cache,
      ignore_eos: ignoreEos,
      logit_bias: logitBias,
      temperature: sampling.temperature,
      top_k: sampling.topK,
      top_p: sampling.topP,
      min_p: sampling.minP,
      seed: sampling.seed,
      ...grammarOf(wire),
    };
  },
  read: (event) => {
    const { tokens, content: text, tokens_predicted: count, stop, stop_type: why } = event;
    const { cache_n: cached = null } = Object(event.timings) as { cache_n?: number | null };
    if (stop !== true) return { tokens, text, count };
    const end = why === 'limit' ? 'length' : why === 'eos' || why === 'word' ? 'stop' : 'broken';
    return { tokens, text, count, end, cached };
  },
};

function grammarOf({ grammar }: WireRequest): object {
  if (!grammar) return {};
  if (grammar.begun === '') return { grammar: grammar.gbnf };
  // Of this type alone it goes past what the prompt has said.
  return { grammar: grammar.gbnf, grammar_type: 'tool_calls', generation_prompt: grammar.begun };
}
