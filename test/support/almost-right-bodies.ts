import fc from 'fast-check';

// Bodies that are almost right, of all routes: up to three of their places have another value, are gone, or are nested.

const tool = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const call = { id: 'c1', type: 'function', function: { name: 'f', arguments: '{"city":"Oslo"}' } };
const BODIES: [path: string, body: object][] = [
  [
    '/v1/chat/completions',
    {
      messages: [
        { role: 'system', content: [{ type: 'text', text: 'x' }] },
        { role: 'user', content: 'Hello' },
        { role: 'assistant', content: null, tool_calls: [call], reasoning_content: 'hm' },
        { role: 'tool', tool_call_id: 'c1', content: 'y' },
      ],
      tools: [{ type: 'function', function: { name: 'f', description: 'd', parameters: tool, strict: true } }],
      tool_choice: { type: 'function', function: { name: 'f' } },
      response_format: { type: 'json_schema', json_schema: { name: 'n', schema: tool } },
      ...{ stop: ['x'], max_tokens: 4, temperature: 0.5, top_p: 0.9, seed: 1, logprobs: true, top_logprobs: 2 },
      ...{ stream: true, stream_options: { include_usage: true }, n: 1, prompt_cache_key: 'k', service_tier: 'flex' },
    },
  ],
  [
    '/v1/messages',
    {
      max_tokens: 4,
      system: [{ type: 'text', text: 'x' }],
      messages: [
        { role: 'user', content: 'Hello' },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'h', signature: 's' },
            { type: 'text', text: 'a' },
          ],
        },
        { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'f', input: { city: 'Oslo' } }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: 'y' }] }] },
      ],
      tools: [{ name: 'f', description: 'd', input_schema: tool }],
      tool_choice: { type: 'tool', name: 'f', disable_parallel_tool_use: true },
      ...{
        stop_sequences: ['x'],
        temperature: 0.5,
        top_k: 5,
        stream: true,
        thinking: { type: 'enabled', budget_tokens: 9 },
      },
    },
  ],
  [
    '/v1/responses',
    {
      input: [
        { role: 'user', content: [{ type: 'input_text', text: 'Hello' }] },
        { type: 'reasoning', id: 'r', summary: [], encrypted_content: 'a.b' },
        { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c', output: 'y' },
      ],
      ...{ instructions: 'x', store: true, stream: true, max_output_tokens: 4, temperature: 0.5, metadata: { a: 'b' } },
      tools: [
        { type: 'function', name: 'f', parameters: tool },
        { type: 'namespace', name: 'n', tools: [{ type: 'custom', name: 'g' }] },
      ],
      tool_choice: { type: 'function', name: 'f' },
      text: { format: { type: 'json_schema', name: 'n', schema: tool } },
      reasoning: { effort: 'low' },
    },
  ],
  ['/v1/completions', { prompt: ['Hello', 'x'], max_tokens: 4, echo: true, logprobs: 1, stop: 'x', stream: true }],
  [
    '/v1/messages/count_tokens',
    { messages: [{ role: 'user', content: 'Hello' }], tools: [{ name: 'f', input_schema: tool }] },
  ],
  ['/v1/embeddings', { input: ['Hello', [1, 2]], encoding_format: 'base64', dimensions: 4 }],
  ['/tokenize', { content: 'Hello', add_special: true }],
];

/** What a place of the body is replaced by. */
const anything = fc.oneof(
  ...[
    fc.constant(undefined),
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.double(),
    fc.string({ unit: 'binary' }),
  ],
  fc.constantFrom(
    '',
    '\ud800',
    '__proto__',
    1e308,
    -1,
    2 ** 53,
    [],
    {},
    [[]],
    { type: 'image_url' },
    'x'.repeat(70_000),
  ),
  fc.jsonValue({ maxDepth: 3 }),
);

/** The body with the value at one of its places replaced; `at` picks the place. */
function mutated(value: unknown, at: { n: number }, by: unknown): unknown {
  if (at.n-- === 0) return by;
  if (Array.isArray(value)) return value.map((item) => mutated(item, at, by));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mutated(item, at, by)]));
}

const places = (value: unknown): number =>
  typeof value === 'object' && value !== null ? Object.values(value).reduce((sum: number, v) => sum + places(v), 1) : 1;

/** A route, and what is sent to it. */
export const almostRight: fc.Arbitrary<{ path: string; body: string }> = fc
  .constantFrom(...BODIES)
  .chain(([path, body]) =>
    fc.array(fc.tuple(fc.nat(places(body) - 1), anything), { maxLength: 3 }).map((changes) => {
      const sent = changes.reduce<unknown>((value, [n, by]) => mutated(value, { n }, by), body);
      return { path, body: JSON.stringify(sent) ?? '' };
    }),
  );
