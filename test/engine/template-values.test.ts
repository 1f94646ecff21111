import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CHAT_DEFAULTS } from '../../testing/engine/chat-input.js';
import { RAMBLING_MODEL } from '../../testing/engine/random-engine.js';
import { TestEngine } from '../../testing/engine/test-engine.js';

// Copies of a text share its parts, and the last one grows in place: what a template does with one must not show in another.
// A template that computes with three texts, as the messages say: "b a ~ c", against the same in JavaScript.

const TEMPLATE = `{%- set ns = namespace(a='a', b='', c=' c ') -%}
{%- for m in messages -%}
  {%- set words = m.content.split(' ') -%}
  {%- set x = ns[words[1]] -%}{%- set op = words[2] -%}{%- set y = ns[words[3]] -%}
  {%- if op == '~' -%}{%- set v = x ~ y -%}
  {%- elif op == '+' -%}{%- set v = x + '-' + y + x -%}
  {%- elif op == '*' -%}{%- set v = x * 2 -%}
  {%- elif op == 'u' -%}{%- set v = x | upper -%}
  {%- elif op == 't' -%}{%- set v = (x ~ ' ' ~ y) | trim -%}
  {%- elif op == 'm' -%}{%- set v = x ~ m.content -%}
  {%- elif op == 'i' -%}{%- set v = y if x == y else x -%}
  {%- else -%}{%- set v -%}[{% for z in [x, y] %}{{ loop.index0 }}{{ z }}{% if loop.last %}{{ x }}{% endif %}{% endfor %}]{%- endset -%}
  {%- endif -%}
  {%- if words[0] == 'a' -%}{%- set ns.a = v -%}{%- elif words[0] == 'b' -%}{%- set ns.b = v -%}{%- else -%}{%- set ns.c = v -%}{%- endif -%}
{%- endfor -%}
{{ ns.a }}|{{ ns.b }}|{{ ns.c }}`;

type Texts = Record<string, string>;
type Compute = (x: string, y: string, content: string) => string;
const OPERATORS: Record<string, Compute> = {
  '~': (x, y) => x + y,
  '+': (x, y) => `${x}-${y}${x}`,
  '*': (x) => x + x,
  u: (x) => x.toUpperCase(),
  t: (x, y) => `${x} ${y}`.trim(),
  m: (x, _y, content) => x + content,
  i: (x, y) => (x === y ? y : x),
  '#': (x, y) => `[0${x}1${y}${x}]`,
};

function computed(messages: readonly string[]): string {
  const texts: Texts = { a: 'a', b: '', c: ' c ' };
  for (const content of messages) {
    const [to, x, operator, y] = content.split(' ');
    const compute = OPERATORS[operator as string] as Compute;
    texts[to as string] = compute(texts[x as string] as string, texts[y as string] as string, content);
  }
  return `${texts.a}|${texts.b}|${texts.c}`;
}

let engine: TestEngine;
beforeAll(async () => {
  engine = await TestEngine.open(RAMBLING_MODEL, { chatTemplate: TEMPLATE, kvTokens: 512 });
});
afterAll(() => engine.close());

test('texts in a template are values', async () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const step = fc
    .tuple(name, name, fc.constantFrom(...Object.keys(OPERATORS)), name)
    .map(([to, x, operator, y]) => `${to} ${x} ${operator} ${y}`);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 10 }), async (steps) => {
      const messages = steps.map((content) => ({ role: 'user', content }));
      const { prompt } = await engine.native.renderChat({
        ...CHAT_DEFAULTS,
        ...{ messages, tools: [], addGenerationPrompt: false },
      });
      expect(prompt).toBe(computed(steps));
    }),
    { numRuns: 300 },
  );
});
