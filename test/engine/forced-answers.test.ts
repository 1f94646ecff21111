import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ToolSpec } from '../../src/chat/tool-spec.js';
import { Engine } from '../../src/engine/engine.js';
import type { GenerateOptions } from '../../src/engine/request-options.js';
import { compileSchema, type JsonSchema } from '../../src/schema/compile-schema.js';
import { llamaTemplates } from '../../testing/models/llama-templates.js';

// On the chat templates of some seventy real models: what an answer must be, it is. BANYAN_FORCED_SEEDS=n tries all of
// them, n seeds each, with reasoning, with little of it and without; otherwise one template of each kind of format is
// tried, with one seed.

const WIDE = process.env.BANYAN_FORCED_SEEDS;
const SEEDS = Array.from({ length: Number(WIDE ?? 1) }, (_, index) => index + 1);
const THINKING: GenerateOptions[] = [{ thinking: true }, { thinkingTokens: 12 }, { thinking: false }];
const KINDS = [
  ...['Qwen-Qwen2.5-7B-Instruct', 'Qwen-QwQ-32B', 'Qwen3-Coder', 'Kimi-K2-Instruct', 'GigaChat3-', 'GLM-4.6'],
  ...[
    'gemma-4-31B-it.jinja',
    'muse-glimmer',
    'gpt-oss',
    'granite-3.3',
    'command-r-plus',
    'SmolLM3',
    'gemma-2-2b',
    'Kimi-K3',
  ],
];
/** Their templates show no tools. */
const OWN_FORMAT = ['SmolLM3', 'DeepSeek-R1-Distill-Llama', 'gemma-2-2b', 'rwkv-world', 'Phi-3.5-mini'];
const templates = llamaTemplates().filter(([name]) => WIDE || KINDS.some((kind) => name.includes(kind)));

const object = (properties: Record<string, JsonSchema>, required = Object.keys(properties)): JsonSchema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const tool = (name: string, parameters: JsonSchema): ToolSpec => ({ name, description: 'A tool', parameters });
const item = object({ sku: { type: 'string', pattern: '^[A-Z]{2}[0-9]{2}$' }, count: { type: 'integer', minimum: 1 } });
const tools: ToolSpec[] = [
  tool(
    'search',
    object(
      { pattern: { type: 'string', maxLength: 20 }, limit: { type: 'integer' }, kind: { enum: ['file', 'any'] } },
      ['pattern', 'kind'],
    ),
  ),
  tool(
    'place_order',
    object(
      {
        customer: object({ name: { type: 'string', maxLength: 12 }, vip: { type: 'boolean' } }, ['name']),
        items: { type: 'array', minItems: 1, maxItems: 2, items: item },
        note: { anyOf: [{ type: 'string', maxLength: 10 }, { type: 'null' }] },
      },
      ['customer', 'items'],
    ),
  ),
  tool('now', object({})),
  tool(
    'tune',
    object({ mode: { enum: ['fast', 'slow'] }, tags: { type: 'array', maxItems: 2, items: { enum: ['a'] } } }, []),
  ),
];
/** Grammars name a rule after each tool, its schema and its arguments. */
const alike = ['call', 'calls', 'call-2', 'get', 'get-schema', 'get-arg-of', 'get-arg-of-schema', 'a_b', 'a-b'].map(
  (name) => tool(name, object({ of: { enum: [name] } })),
);
const schema = object({
  city: { type: 'string', maxLength: 12 },
  days: { type: 'integer', minimum: 0, maximum: 9 },
  list: { type: 'array', maxItems: 2, items: object({ k: { enum: ['x', 'y'] } }) },
});
const grammar = 'root ::= yes | "no" space # "root"\nyes ::= "yes"\nspace ::= [ ]{1,2} "x"';

const prompt = [{ role: 'user' as const, content: 'Please find the files and order two things.' }];

test('there are templates of every kind', () => {
  expect(templates.length).toBeGreaterThanOrEqual(KINDS.length);
});

describe.each(templates)('%s', (name, chatTemplate) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.load({ chatTemplate, kvTokens: 32_768 });
  });
  afterAll(() => engine.close());

  /** All at once: they share their prompt. */
  const answers = (options: GenerateOptions, check: (answer: Answer) => Promise<void> | void) => {
    const asked = THINKING.flatMap((thinking) => SEEDS.map((seed): GenerateOptions => ({ ...thinking, seed })));
    return Promise.all(
      asked.map(async (one) => {
        const answer = await engine.generate(prompt, { temperature: 1, maxTokens: 700, ...options, ...one });
        try {
          await check(answer);
        } catch (cause) {
          const said = JSON.stringify(engine.detokenize(answer.tokens));
          throw new Error(`${JSON.stringify(one)}: ${answer.finishReason} after ${said}`, { cause });
        }
      }),
    );
  };

  test('tools can be given to every template; one that shows none or no calls gets our format', () => {
    const own = OWN_FORMAT.some((silent) => name.includes(silent));
    expect(engine.info).toMatchObject({ supportsTools: true, toolFormat: own ? 'banyan' : 'template' });
  });

  test('a required call is made, with arguments of its schema', { timeout: 600_000 }, async () => {
    await answers({ tools, toolChoice: 'required', parallelToolCalls: false }, passes);
  });

  test('a named tool is called', { timeout: 600_000 }, async () => {
    const all = (WIDE ? tools : tools.slice(1, 2)).map(({ name: named }) =>
      answers({ tools, toolChoice: { tool: named }, parallelToolCalls: false }, async (answer) => {
        await passes(answer);
        expect(answer.toolCalls[0]?.name).toBe(named);
      }),
    );
    await Promise.all(all);
  });

  test('tools whose names are those of rules, or would give one rule, are called each by its own', {
    timeout: 600_000,
  }, async () => {
    const all = alike.map(({ name: named }) =>
      answers({ tools: alike, toolChoice: { tool: named }, parallelToolCalls: false }, (answer) => {
        expect(answer.toolCalls.map(({ name: called, input }) => [called, input])).toEqual([[named, { of: named }]]);
      }),
    );
    await Promise.all(all);
  });

  test('a schema gives JSON that passes it', { timeout: 600_000 }, async () => {
    await answers({ schema }, async ({ text, finishReason }) => {
      expect(finishReason).toBe('stop');
      expect(await compileSchema('schema', schema).check(JSON.parse(text))).toMatchObject({ ok: true });
    });
  });

  test('with tools and a schema: calls, or JSON that passes it', { timeout: 600_000 }, async () => {
    await answers({ tools, schema, parallelToolCalls: false }, async (answer) => {
      if (answer.toolCalls.length > 0) {
        expect(answer.object).toBeUndefined();
        return passes(answer);
      }
      expect(answer.finishReason).toBe('stop');
      expect(await compileSchema('schema', schema).check(answer.object)).toMatchObject({ ok: true });
    });
    await answers({ tools, schema, toolChoice: 'required', parallelToolCalls: false }, passes);
    await answers({ tools, schema, toolChoice: 'none' }, ({ object: value }) => expect(value).toBeDefined());
  });

  test('an answer that has begun goes on', { timeout: 600_000 }, async () => {
    const begun = { role: 'assistant' as const, content: '{"city": "Oslo",' };
    const options = { schema, continueAnswer: true, temperature: 1, maxTokens: 700, seed: 1 };
    const { text, object: value, reasoning } = await engine.generate([...prompt, begun], options);
    expect(value).toMatchObject({ city: 'Oslo' });
    expect(JSON.parse(begun.content + text)).toEqual(value);
    expect(reasoning).toBe('');
  });

  test('a grammar is the answer’s', { timeout: 600_000 }, async () => {
    await answers({ grammar }, ({ text }) => {
      expect(text).toMatch(/^(yes|no {1,2}x)$/);
    });
  });
});

type Answer = Awaited<ReturnType<Engine['generate']>['result']>;

async function passes({ toolCalls, finishReason }: Answer): Promise<void> {
  expect(toolCalls).toHaveLength(1);
  expect(finishReason).not.toBe('length');
  const call = toolCalls[0];
  const parameters = tools.find(({ name }) => name === call?.name)?.parameters;
  expect(parameters).toBeDefined();
  const verdict = await compileSchema('parameters', parameters as JsonSchema).check(JSON.parse(call?.arguments ?? ''));
  expect(verdict).toMatchObject({ ok: true });
}
