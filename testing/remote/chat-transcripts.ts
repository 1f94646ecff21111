import { sse } from './fake-server.js';

/*
 * What providers stream, event for event as their public documentation has it: OpenAI's chat completions, Anthropic's messages, TGI's
 * chat completions. Each says "It is mild." with usage, or calls `weather` for Oslo and Bergen.
 */

/** One provider's words. */
export interface Transcript {
  /** An answer in words: 40 prompt tokens, 32 of them cached, 5 of output. */
  text: string;
  /** An answer of two calls. */
  calls: string;
  /** The words without what tells of a cache; undefined: it always tells. */
  silent?: string;
  /** How an answer begins, "It is": what follows is missing. */
  begun: string;
  /** How calls begin, within the arguments of the first. */
  begunCalls: string;
  /** A failure in the midst of a stream. */
  failure: string;
  /** Words that end at the limit. */
  cut: string;
}

const chunk = (delta: object, finish_reason: string | null = null, more: object = {}) =>
  sse({
    ...{ id: 'chatcmpl-9', object: 'chat.completion.chunk', created: 1_764_000_000, model: 'gpt-4o-mini-2024-07-18' },
    ...{ service_tier: 'default', system_fingerprint: 'fp_1' },
    choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    usage: null,
    ...more,
  });
const spent = (details: object | undefined) =>
  chunk({}, null, {
    choices: [],
    usage: {
      ...{ prompt_tokens: 40, completion_tokens: 5, total_tokens: 45 },
      ...(details && { prompt_tokens_details: details, completion_tokens_details: { reasoning_tokens: 0 } }),
    },
  });
const DONE = sse('[DONE]');
const openaiBegun =
  chunk({ role: 'assistant', content: '', refusal: null }) + chunk({ content: 'It' }) + chunk({ content: ' is' });
const call = (index: number, id: string | undefined, args: string) => ({
  index,
  ...(id && { id, type: 'function' }),
  function: { ...(id && { name: 'weather' }), arguments: args },
});
const openaiBegunCalls =
  chunk({ role: 'assistant', content: null, tool_calls: [call(0, 'call_a1', '')], refusal: null }) +
  chunk({ tool_calls: [call(0, undefined, '{"ci')] });

const OPENAI: Transcript = {
  text: `${openaiBegun}${chunk({ content: ' mild.' })}${chunk({}, 'stop')}${spent({ cached_tokens: 32, audio_tokens: 0 })}${DONE}`,
  silent: `${openaiBegun}${chunk({ content: ' mild.' })}${chunk({}, 'stop')}${spent(undefined)}${DONE}`,
  calls:
    openaiBegunCalls +
    chunk({ tool_calls: [call(0, undefined, 'ty":"Oslo"}')] }) +
    chunk({ tool_calls: [call(1, 'call_b2', '')] }) +
    chunk({ tool_calls: [call(1, undefined, '{"city":"Bergen"}')] }) +
    chunk({}, 'tool_calls') +
    spent({ cached_tokens: 32 }) +
    DONE,
  begun: openaiBegun,
  begunCalls: openaiBegunCalls,
  failure: sse({ error: { message: 'The server had an error', type: 'server_error', param: null, code: null } }),
  cut: openaiBegun + chunk({}, 'length') + spent({ cached_tokens: 32 }) + DONE,
};

const named = (event: { type: string; [field: string]: unknown }) => `event: ${event.type}\n${sse(event)}`;
const anthropicStart =
  named({
    type: 'message_start',
    message: {
      ...{ id: 'msg_1', type: 'message', role: 'assistant', content: [], model: 'claude-sonnet-4-5-20250929' },
      ...{ stop_reason: null, stop_sequence: null },
      usage: {
        ...{ input_tokens: 5, cache_creation_input_tokens: 3, cache_read_input_tokens: 32, output_tokens: 1 },
        service_tier: 'standard',
      },
    },
  }) + named({ type: 'ping' });
const block = (index: number, content_block: object) => named({ type: 'content_block_start', index, content_block });
const delta = (index: number, of: object) => named({ type: 'content_block_delta', index, delta: of });
const stop = (index: number) => named({ type: 'content_block_stop', index });
const anthropicEnd = (stop_reason: string) =>
  named({
    type: 'message_delta',
    delta: { stop_reason, stop_sequence: null },
    usage: { input_tokens: 5, cache_creation_input_tokens: 3, cache_read_input_tokens: 32, output_tokens: 5 },
  }) + named({ type: 'message_stop' });
const anthropicBegun =
  anthropicStart +
  block(0, { type: 'text', text: '' }) +
  delta(0, { type: 'text_delta', text: 'It' }) +
  delta(0, { type: 'text_delta', text: ' is' });
const toolUse = (id: string) => ({ type: 'tool_use', id, name: 'weather', input: {} });
const anthropicBegunCalls =
  anthropicStart +
  block(0, toolUse('toolu_a1')) +
  delta(0, { type: 'input_json_delta', partial_json: '' }) +
  delta(0, { type: 'input_json_delta', partial_json: '{"ci' });

/** What the model thought, and its signature, before two calls. */
export const THOUGHT = { text: 'Two cities.', signature: 'c2lnbmVk' };

const ANTHROPIC: Transcript = {
  text: anthropicBegun + delta(0, { type: 'text_delta', text: ' mild.' }) + stop(0) + anthropicEnd('end_turn'),
  calls:
    anthropicStart +
    block(0, { type: 'thinking', thinking: '', signature: '' }) +
    delta(0, { type: 'thinking_delta', thinking: THOUGHT.text }) +
    delta(0, { type: 'signature_delta', signature: THOUGHT.signature }) +
    stop(0) +
    block(1, toolUse('toolu_a1')) +
    delta(1, { type: 'input_json_delta', partial_json: '{"ci' }) +
    delta(1, { type: 'input_json_delta', partial_json: 'ty":"Oslo"}' }) +
    stop(1) +
    block(2, toolUse('toolu_b2')) +
    delta(2, { type: 'input_json_delta', partial_json: '{"city":"Bergen"}' }) +
    stop(2) +
    anthropicEnd('tool_use'),
  begun: anthropicBegun,
  begunCalls: anthropicBegunCalls,
  failure: named({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }),
  cut: anthropicBegun + stop(0) + anthropicEnd('max_tokens'),
};

const tgi = (of: object, finish_reason: string | null = null, more: object = {}) =>
  sse({
    ...{ object: 'chat.completion.chunk', id: '', created: 1_739_910_816, model: 'meta-llama/Llama-3.1-8B-Instruct' },
    system_fingerprint: '3.3.5-native',
    choices: [{ index: 0, delta: of, logprobs: null, finish_reason }],
    usage: null,
    ...more,
  });
const tgiWords = (content: string) => tgi({ role: 'assistant', content });
const tgiCall = (index: number, args: string) =>
  tgi({
    role: 'assistant',
    content: null,
    tool_calls: [{ index, id: '', type: 'function', function: { name: 'weather', arguments: args } }],
  });
const tgiSpent = tgi({}, null, {
  choices: [],
  usage: { prompt_tokens: 40, completion_tokens: 5, total_tokens: 45 },
});
const tgiBegun = tgiWords('It') + tgiWords(' is');

const TGI: Transcript = {
  text: tgiBegun + tgiWords(' mild.') + tgi({ role: 'assistant', content: '' }, 'stop') + tgiSpent + DONE,
  calls:
    tgiCall(0, '{"ci') +
    tgiCall(0, 'ty":"Oslo"}') +
    tgiCall(1, '{"city":"Bergen"}') +
    tgi({ role: 'assistant', content: '' }, 'stop') +
    tgiSpent +
    DONE,
  begun: tgiBegun,
  begunCalls: tgiCall(0, '{"ci'),
  failure: sse({ error: { message: 'Request failed during generation', http_status_code: null } }),
  cut: tgiBegun + tgi({ role: 'assistant', content: '' }, 'length') + tgiSpent + DONE,
};

export const TRANSCRIPTS = { openai: OPENAI, anthropic: ANTHROPIC, tgi: TGI };
export type Provider = keyof typeof TRANSCRIPTS;
