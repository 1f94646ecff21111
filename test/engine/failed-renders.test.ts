import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import type { GenerateOptions } from '../../src/engine/request-options.js';
import { openEngine, RAMBLING_MODEL } from '../../testing/engine/random-engine.js';
import { errorOf } from '../support/expect-code.js';

// A template that fails is to blame itself, or the messages that it refuses; tools and schemas beside it are not.

const TEMPLATE = `{%- if tools %}{{- tools | tojson }}{%- endif %}
{%- for message in messages %}
  {%- if 'refuse' in message.content %}{{- raise_exception('Only calm messages, please') }}{%- endif %}
  {%- if 'fail' in message.content %}{{- message.content + 1 / none }}{%- endif %}
  {{- '<|im_start|>' + message.role + '\\n' + message.content }}
  {%- for call in message.tool_calls or [] %}
    {{- '<tool_call>{"name": "' + call.function.name + '", "arguments": ' + (call.function.arguments | tojson) + '}</tool_call>' }}
  {%- endfor %}
  {{- '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}`;

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine(RAMBLING_MODEL, { chatTemplate: TEMPLATE });
});
afterAll(() => engine.close());

const tool = (to: object) => ({
  ...{ name: 'mail', description: 'Sends' },
  parameters: { type: 'object', properties: { to }, required: ['to'] },
});
const schema = { type: 'object', properties: { to: { type: 'string', pattern: 'x' } }, required: ['to'] };
const REQUESTS: [what: string, options: GenerateOptions][] = [
  ['nothing else', {}],
  ['a tool', { tools: [tool({ type: 'string' })] }],
  ['a tool with a pattern', { tools: [tool({ type: 'string', pattern: 'x' })] }],
  [
    'a tool with a pattern and more',
    { tools: [tool({ pattern: '^[a-z]{1,50}$', maxLength: 1_000 })], toolChoice: 'required' },
  ],
  ['a schema', { schema }],
  ['a grammar', { grammar: 'root ::= "x"' }],
];

test.each(REQUESTS)('with %s a refusal is the messages’, in the template’s words', async (_what, options) => {
  const ask = (content: string) => engine.generate([{ role: 'user', content }], { ...options, maxTokens: 2 });
  const error = await errorOf(() => ask('please refuse'));
  expect(error).toMatchObject({ code: 'INVALID_MESSAGES', field: 'messages' });
  expect(error.message).toContain('Only calm messages, please');
  expect(error.message).not.toMatch(/mail|pattern|schema|grammar/);
  await ask('calm');
});

test.each(REQUESTS)('with %s a failure is the template’s', async (_what, options) => {
  const error = await errorOf(() => engine.generate([{ role: 'user', content: 'please fail' }], options));
  expect(error).toMatchObject({ code: 'INVALID_TEMPLATE' });
  expect(error.message).not.toMatch(/mail|pattern|schema|grammar/);
});
