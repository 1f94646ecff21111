import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { type Server, serve } from '../../src/server/serve.js';
import type { ServerOptions } from '../../src/server/server-options.js';
import { type Script, scripted } from '../../testing/engine/scripted-engine.js';
import { llamaTemplates } from '../../testing/models/llama-templates.js';
import { codeOf } from '../support/expect-code.js';

// What of a prompt is changed on its way to the model: as little as keeps it in the cache, and told.

const openai = ({ url }: Server) => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
const anthropic = ({ url }: Server) => new Anthropic({ baseURL: url, apiKey: 'none', maxRetries: 0 });
const hello = [{ role: 'user' as const, content: 'Hello' }];
const normalized = (response: Response) => response.headers.get('x-banyan-normalized');

async function withScript(script: Script = () => 'ok', options: ServerOptions = {}) {
  const prompts: string[] = [];
  const { engine } = scripted((prompt, request) => {
    prompts.push(prompt);
    return script(prompt, request);
  });
  const server = await serve(engine, { port: 0, ...options });
  return { server, prompts, [Symbol.asyncDispose]: () => server.close() };
}

test('a billing header is left out on each face, told in a header, and counted', async () => {
  await using it = await withScript();
  const line = (n: number) => `x-anthropic-billing-header: cc_version=2.1.${n}; cch=${n}a;`;
  const told: (string | null)[] = [];
  for (const n of [1, 2]) {
    const blocks = [
      { type: 'text' as const, text: line(n) },
      { type: 'text' as const, text: 'Be brief.' },
    ];
    const asked = { model: 'any', max_tokens: 4 };
    told.push(
      normalized(
        (
          await anthropic(it.server)
            .messages.create({ ...asked, system: blocks, messages: hello })
            .withResponse()
        ).response,
      ),
    );
    const system = { role: 'system' as const, content: `${line(n)}\nBe brief.` };
    told.push(
      normalized(
        (
          await openai(it.server)
            .chat.completions.create({ ...asked, messages: [system, ...hello] })
            .withResponse()
        ).response,
      ),
    );
    const { response } = await openai(it.server)
      .responses.create({ model: 'any', instructions: `${line(n)}\nBe brief.`, input: 'Hello' })
      .withResponse();
    told.push(normalized(response));
  }
  const left = ['system', 'messages[0]', 'instructions'].map((field) => `${field} (billing header left out)`);
  expect(told).toEqual([...left, ...left]);
  expect(new Set(it.prompts).size).toBe(1);
  expect(it.prompts[0]).toContain('Be brief.');
  const health = await (await fetch(`${it.server.url}/health`)).json();
  expect(health).toEqual({ status: 'ok', normalized: { 'billing-header': 6 } });
});

test('a user may speak of that header', async () => {
  await using it = await withScript();
  const content = 'x-anthropic-billing-header: what is it?';
  await anthropic(it.server).messages.create({ model: 'any', max_tokens: 4, messages: [{ role: 'user', content }] });
  expect(it.prompts[0]).toContain(content);
});

test('the order of tools is theirs by name, and told when it was another', async () => {
  await using it = await withScript();
  const tool = (name: string) => ({ name, input_schema: { type: 'object' as const } });
  const ask = async (names: string[]) => {
    const { response } = await anthropic(it.server)
      .messages.create({ model: 'any', max_tokens: 4, messages: hello, tools: names.map(tool) })
      .withResponse();
    return normalized(response);
  };
  expect([await ask(['a', 'b']), await ask(['b', 'a'])]).toEqual([null, 'tools (sorted by name)']);
  expect(new Set(it.prompts).size).toBe(1);
});

describe('instructions in the midst of a conversation', () => {
  const messages = [
    { role: 'system' as const, content: 'first instruction' },
    { role: 'user' as const, content: 'first question' },
    { role: 'assistant' as const, content: 'first answer' },
    { role: 'system' as const, content: 'second instruction' },
    { role: 'user' as const, content: 'second question' },
  ];

  test.each(llamaTemplates())('%s: they stand where they were said', async (_name, chatTemplate) => {
    await using engine = await Engine.load({ chatTemplate });
    const { tokens } = await engine.generate(messages, { maxTokens: 1, marks: [] }).outline;
    const prompt = engine.detokenize(tokens, { special: true });
    const at = ['first question', 'first answer', 'second instruction', 'second question'].map((words) =>
      prompt.indexOf(words),
    );
    expect(
      at.every((place) => place >= 0),
      prompt,
    ).toBe(true);
    expect(at, prompt).toEqual([...at].sort((a, b) => a - b));
    expect(prompt.includes('<system-reminder>')).toBe(!engine.info.supportsLateSystem);
  });

  test('a template that moves or refuses them: told as what the user is reminded of, and in the header', async () => {
    const moving =
      "{% for m in messages if m.role == 'system' %}[{{ m.content }}]{% endfor %}" +
      "{% for m in messages if m.role != 'system' %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>";
    await using engine = await Engine.load({ chatTemplate: moving });
    expect(engine.info.supportsLateSystem).toBe(false);
    await using server = await serve(engine, { port: 0 });
    const { response } = await openai(server)
      .chat.completions.create({ model: 'any', max_tokens: 1, messages })
      .withResponse();
    expect(normalized(response)).toBe("messages[3] (system in the midst: told as the user's)");
  });
});

describe('rules', () => {
  const rules = [
    { name: 'date', pattern: '^Today is ', action: 'move' as const },
    { name: 'session', pattern: '^Session: ', action: 'drop' as const },
  ];
  const system = (day: number) => `Be brief.\nToday is 2026-11-${day}.\nSession: ${day}\nBe polite.`;

  test('what they name moves behind the latest question or goes, and the rest stays cached', async () => {
    await using engine = await Engine.load();
    await using server = await serve(engine, { port: 0, rules });
    const greedy = { model: 'any', max_tokens: 8, temperature: 0 };
    const ask = (day: number, messages: Anthropic.MessageParam[]) =>
      anthropic(server)
        .messages.create({ ...greedy, system: system(day), messages })
        .withResponse();
    const first = await ask(25, hello);
    expect(normalized(first.response)).toBe('system (rule date: move), system (rule session: drop)');
    const total = ({ usage }: Anthropic.Message) => usage.input_tokens + (usage.cache_read_input_tokens ?? 0);
    const messages = [...hello, { role: 'assistant' as const, content: first.data.content }, ...hello];
    const counted = await anthropic(server).messages.countTokens({ model: 'any', system: system(26), messages });
    const second = await ask(26, messages);
    expect(total(second.data)).toBe(counted.input_tokens);
    expect(second.data.usage.cache_read_input_tokens).toBeGreaterThanOrEqual(total(first.data));
  });

  test('the model reads them where they are told', async () => {
    await using it = await withScript(() => 'ok', { rules });
    await anthropic(it.server).messages.create({ model: 'any', max_tokens: 4, system: system(25), messages: hello });
    expect(it.prompts[0]).toContain('Hello\n\n<system-reminder>\nToday is 2026-11-25.\n</system-reminder>');
    expect(it.prompts[0]).toContain('Be brief.\nBe polite.');
    expect(it.prompts[0]).not.toContain('Session');
  });

  test.each([
    [[{ name: 'a', pattern: '(', action: 'drop' }], 'rules[0].pattern'],
    [[{ name: 'a', pattern: 'x', action: 'keep' }], 'rules[0].action'],
    [[{ name: 'a', pattern: 'x', action: 'drop', more: 1 }], 'more'],
    ['x', 'rules'],
    [[1], 'rules[0]'],
  ])('a wrong rule is refused: %j', async (wrong, field) => {
    const { engine } = scripted(() => 'ok');
    const failed = serve(engine, { port: 0, rules: wrong } as never);
    expect(await codeOf(() => failed)).toBe('INVALID_OPTION');
    await expect(failed).rejects.toThrow(field);
  });
});
