import type { DialectName } from '../../src/remote/dialects/dialect.js';
import { sse } from './fake-server.js';

/** How a server of one make speaks: events as its documentation or its source has them. Tokens are bytes, as the small model's first ids are. */
export interface Speech {
  /** Who its list of models says that it is owned by; the dialect is given where it says nothing of use. */
  owner: string;
  dialect?: DialectName;
  /** An event with these ids, which may be none, the last of `count` tokens of the answer; `text`: what they are. */
  ids(ids: unknown, text: string, count: number): string;
  /** An event with a text alone. */
  textAlone: string;
  /** A failure in the midst of a stream. */
  failure: string;
  /** The end of an answer of so many tokens, at its limit or for another `reason`, with 3 cached tokens. */
  end(count: number, reason?: string): string;
  /** How many tokens a request asks for. */
  asked(body: Record<string, unknown>): number;
}

const usage = (count: number) => ({
  ...{ prompt_tokens: 4, completion_tokens: count, total_tokens: 4 + count },
  prompt_tokens_details: { cached_tokens: 3 },
});
const completion = (choice: object, more: object = {}) =>
  sse({ id: 'cmpl-1', object: 'text_completion', created: 1, model: 'the-model', choices: [choice], ...more });
const spent = (count: number) =>
  sse({ id: 'cmpl-1', object: 'text_completion', created: 1, model: 'the-model', choices: [], usage: usage(count) }) +
  sse('[DONE]');
const maxTokens = (body: Record<string, unknown>) => Number(body.max_tokens);

/** Those that have ids beside the text of a choice. */
const withIds = (owner: string, own: object, showsText: boolean): Speech => ({
  owner,
  ids: (token_ids, text) =>
    completion({ index: 0, text: showsText ? text : '', token_ids, logprobs: null, finish_reason: null, ...own }),
  textAlone: completion({ index: 0, text: 'hello', logprobs: null, finish_reason: null }),
  failure: sse({ error: { object: 'error', message: 'out of memory', type: 'InternalServerError', code: 500 } }),
  end: (count, finish_reason = 'length') =>
    completion({ index: 0, text: '', token_ids: [], logprobs: null, finish_reason, ...own }) + spent(count),
  asked: maxTokens,
});

export const SPEECHES: Readonly<Record<DialectName, Speech>> = {
  vllm: withIds('vllm', { stop_reason: null, prompt_token_ids: null }, true),
  sglang: withIds('sglang', { matched_stop: null }, true),
  trtllm: withIds('tensorrt_llm', { stop_reason: null, avg_decoded_tokens_per_iter: 1 }, false),
  dynamo: {
    owner: 'nvidia',
    dialect: 'dynamo',
    ids: (ids, text) => {
      const tokens = Array.isArray(ids) ? ids.map((id) => `token_id:${id}`) : ids;
      const logprobs = { tokens, token_logprobs: [-0.1], top_logprobs: [{}], text_offset: [0] };
      return completion({ index: 0, text, logprobs, finish_reason: null });
    },
    textAlone: completion({ index: 0, text: 'hello', logprobs: null, finish_reason: null }),
    failure: `event: error\n${sse({ error: { message: 'worker is gone', code: 500 } })}`,
    end: (count, finish_reason = 'length') =>
      completion({ index: 0, text: '', logprobs: null, finish_reason }) + spent(count),
    asked: maxTokens,
  },
  'llama-server': {
    owner: 'llamacpp',
    ids: (tokens, content, count) => sse({ content, tokens, stop: false, tokens_predicted: count }),
    textAlone: sse({ content: 'hello', stop: false }),
    failure: sse({ error: { code: 500, message: 'out of memory' } }),
    end: (count, reason = 'limit') =>
      sse({
        ...{ content: '', tokens: [], stop: true, stop_type: reason === 'stop' ? 'eos' : reason },
        ...{ tokens_predicted: count, timings: { cache_n: 3 } },
      }),
    asked: (body) => Number(body.n_predict),
  },
  banyan: {
    owner: 'banyan',
    ids: (tokens) => sse({ tokens }),
    textAlone: sse({ text: 'hello', tokens: null }),
    failure: sse({ error: { code: 'STEP_FAILED', message: 'out of memory' } }),
    end: (_count, end = 'length') => sse({ tokens: [], end, cached: 3, usage: {} }),
    asked: (body) => Number(Object(body.options).maxTokens),
  },
};

export const SPOKEN = Object.keys(SPEECHES) as DialectName[];
