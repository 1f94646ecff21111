import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineTool } from '../../src/agent/tool.js';
import { Models } from '../../src/models/models.js';
import { classify } from '../../src/tiers/route.js';
import {
  failsCheck,
  invalidOutput,
  lowConfidence,
  type Rule,
  repeatedCalls,
  tooLong,
  toolErrors,
} from '../../src/tiers/rules.js';
import type { TierReport } from '../../src/tiers/tier.js';
import { Tiers } from '../../src/tiers/tiers.js';
import { type Script, scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';
import { codeOf, errorOf } from '../support/expect-code.js';

const ask = (content: string) => [{ role: 'user' as const, content }];
const total = (reports: readonly TierReport[], key: 'promptTokens' | 'outputTokens') =>
  reports.reduce((sum, report) => sum + report[key], 0);

function pair(
  small: Script,
  big: Script,
  escalate: readonly Rule[] = [],
  route?: ConstructorParameters<typeof Tiers>[1],
) {
  const [one, two] = [scripted(small), scripted(big)];
  const price = { input: 1e6, output: 2e6 };
  const tiers = new Tiers(
    [
      { name: 'small', engine: one.engine },
      { name: 'big', engine: two.engine, price },
    ],
    { escalate, ...route },
  );
  return { tiers, small: one, big: two };
}

test('without rules the first tier answers; with a route the one that it names', async () => {
  const { tiers, big } = pair(
    () => 'small says',
    () => 'big says',
    [],
    {
      route: (messages) => (String(messages.at(-1)?.content).length > 5 ? 'big' : undefined),
    },
  );
  expect(await tiers.generate(ask('short'))).toMatchObject({
    tier: 'small',
    result: { text: 'small says' },
    tries: [{ tier: 'small', rule: undefined }],
  });
  expect(await tiers.generate(ask('a longer question'))).toMatchObject({ tier: 'big', result: { text: 'big says' } });
  expect(big.native.requests).toHaveLength(1);
});

test('a rule passes an answer on; the last tier’s answer stands whatever it is', async () => {
  const { tiers } = pair(
    () => 'hm',
    () => 'hm',
    [failsCheck(({ text }) => text !== 'hm')],
  );
  const { tier, tries } = await tiers.generate(ask('q'));
  expect(tier).toBe('big');
  expect(tries).toEqual([
    { tier: 'small', rule: 'failed-check' },
    { tier: 'big', rule: undefined },
  ]);
  expect(tiers.report().map(({ asked, escalated }) => [asked, escalated])).toEqual([
    [1, 1],
    [1, 0],
  ]);
});

test('what does not pass its schema, and what does not fit, goes on; other failures are the caller’s', async () => {
  const schema = z.object({ n: z.number().refine((n) => n > 5) });
  const { tiers } = pair(
    () => '{"n":1}',
    () => '{"n":7}',
    [invalidOutput, tooLong],
  );
  expect((await tiers.generate(ask('q'), { schema })).result.object).toEqual({ n: 7 });
  const [small] = tiers.report();
  expect(small?.outputTokens).toBe('{"n":1}'.length); // what was refused has its cost, too
  const { tiers: strict } = pair(
    () => '{"n":1}',
    () => '{"n":7}',
  );
  expect(await codeOf(() => strict.generate(ask('q'), { schema }))).toBe('INVALID_OUTPUT');
  const { tiers: wide, small: narrow } = pair(
    () => 'x',
    () => 'fits',
    [tooLong],
  );
  Object.assign(narrow.native.info, { maxContext: 20 });
  expect((await wide.generate(ask('a long question indeed'))).result.text).toBe('fits');
  expect(await codeOf(() => wide.generate(ask('q'), { temperature: -1 }))).toBe('INVALID_OPTION');
});

test('low confidence asks for logprobs and looks at their mean', async () => {
  const rule = lowConfidence(-1);
  const { tiers, small } = pair(
    () => 'ok',
    () => 'ok',
    [rule],
  );
  await tiers.generate(ask('q'));
  expect(small.native.requests[0]?.sampling.logprobs).toBe(0);
  const answer = (...values: number[]) => rule.answer?.({ logprobs: values.map((logprob) => ({ logprob })) } as never);
  expect([answer(-0.5, -0.9), answer(-0.5, -2), answer()]).toEqual([false, true, false]);
});

test('the report adds up to the token, routes included, and prices it', async () => {
  const { tiers, small, big } = pair(
    (prompt) => (prompt.includes('Classify') ? (prompt.includes('prove') ? 'complex' : 'simple') : 'answer'),
    () => 'a longer answer',
  );
  const engine = small.engine;
  const route = classify({
    engine,
    system: 'Classify: simple or complex.',
    labels: { simple: 'small', complex: 'big' },
  });
  const routed = new Tiers(
    [
      { name: 'small', engine },
      { name: 'big', engine: big.engine, price: { input: 10, cached: 1, output: 100 } },
    ],
    { route },
  );
  expect((await routed.generate(ask('prove it'))).tier).toBe('big');
  expect((await routed.generate(ask('hello'))).tier).toBe('small');
  expect(tiers.report()[0]?.asked).toBe(0);
  const reports = routed.report();
  const requests = [...small.native.requests, ...big.native.requests];
  expect(total(reports, 'promptTokens')).toBe(requests.reduce((sum, { prompt }) => sum + prompt.length, 0));
  expect(total(reports, 'outputTokens')).toBe(
    'complex'.length + 'simple'.length + 'answer'.length + 'a longer answer'.length,
  );
  expect(reports[0]).toMatchObject({ routed: 2, asked: 1, cost: 0 });
  const { promptTokens = 0, cachedTokens = 0, outputTokens = 0, cost } = reports[1] as TierReport;
  expect(cost).toBeCloseTo(
    ((promptTokens - (cachedTokens ?? 0)) * 10 + (cachedTokens ?? 0) + outputTokens * 100) / 1e6,
    12,
  );
  expect(small.native.renders[0]?.grammar).toBe('root ::= "simple" | "complex"');
});

test('a run goes on in the next tier with what its tools gave: none is called again', async () => {
  const called: string[] = [];
  const find = defineTool({
    ...{ name: 'find', description: '', input: z.object({ q: z.string() }) },
    execute: ({ q }) => {
      called.push(q);
      if (q !== 'good') throw new Error(`no ${q}`);
      return 'found it';
    },
  });
  const last = (prompt: string) => /<\|tool\|>([^<]*)<\|end\|>\n<\|assistant\|>$/.exec(prompt)?.[1];
  const small: Script = (prompt) =>
    callText('c', 'find', JSON.stringify({ q: `bad ${prompt.split('<|tool|>').length}` }));
  const big: Script = (prompt) => (last(prompt) === 'found it' ? 'Here it is.' : callText('d', 'find', '{"q":"good"}'));
  const { tiers, big: larger } = pair(small, big, [toolErrors(2)]);
  const { result, tier, tries } = await tiers.run({ tools: [find], system: 'Find.' }, 'Where is it?');
  expect([result.text, tier, tries[0]?.rule]).toEqual(['Here it is.', 'big', 'tool-errors']);
  expect(called).toEqual(['bad 1', 'bad 2', 'good']);
  const first = larger.native.renders[0]?.messages as { role: string }[];
  expect(first.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool', 'assistant', 'tool']);
});

test('a run in circles is passed on, one that answers is not', async () => {
  const rule = repeatedCalls(2);
  const step = (...calls: string[]) => ({ tools: calls.map((name) => ({ call: { name, arguments: '{}' } })) }) as never;
  expect([
    rule.steps?.([step('a'), step('a')]),
    rule.steps?.([step('a'), step('b')]),
    rule.steps?.([step('a')]),
  ]).toEqual([true, false, false]);
  const { tiers, big } = pair(
    () => 'done',
    () => 'big',
    [{ name: 'always', steps: () => true }],
  );
  expect((await tiers.run({}, 'go')).tier).toBe('small');
  expect(big.native.requests).toHaveLength(0);
  expect(await codeOf(() => tiers.run({}, 'go', { signal: AbortSignal.abort() }))).toBe('ABORTED');
});

test('what is wrong is said with the field', async () => {
  const { engine } = scripted(() => 'x');
  const field = async (make: () => unknown) => (await errorOf(make)).field;
  expect(await field(() => new Tiers([]))).toBe('tiers');
  expect(await field(() => new Tiers([{ name: 'a', engine: {} as never }]))).toBe('tiers[0].engine');
  expect(
    await field(
      () =>
        new Tiers([
          { name: 'a', engine },
          { name: 'a', engine },
        ]),
    ),
  ).toBe('tiers');
  expect(await field(() => new Tiers([{ name: 'a', engine, price: { input: -1 } }]))).toBe('tiers[0].price.input');
  expect(await field(() => new Tiers([{ name: 'a', engine }], { escalate: [{} as never] }))).toBe('escalate');
  expect(await field(() => classify({ engine, system: 's', labels: { one: 'a' } }))).toBe('labels');
  expect(await field(() => lowConfidence(1))).toBe('least');
  expect(await field(() => toolErrors(0))).toBe('count');
  const lost = new Tiers([{ name: 'a', engine }], { route: () => 'b' });
  expect(await field(() => lost.generate(ask('q')))).toBe('route');
});

test('tiers of Models: each is loaded when it is asked, stays so while it answers, and the ledger is the same', async () => {
  const loaded: string[] = [];
  const scripts: Record<string, Script> = {
    small: (prompt) => (prompt.includes('Classify') ? 'hard' : 'small says'),
    big: () => 'big says',
  };
  const load = async ({ model = '' }: { model?: string | undefined }) => {
    loaded.push(model);
    const { engine, native } = scripted(scripts[model] as Script);
    Object.assign(native.info, { sizeBytes: 100, poolBytes: 0, states: 0, stateBytes: 0 });
    Object.assign(native.info, { draftModelBytes: 0, draftPoolBytes: 0 });
    return engine;
  };
  await using models = new Models({
    models: { small: { model: 'small' }, big: { model: 'big' } },
    memoryBytes: 150,
    load,
  });
  const [small, big] = [models.model('small'), models.model('big')];
  const route = classify({ engine: small, system: 'Classify', labels: { easy: 'small', hard: 'big' } });
  const tiers = new Tiers(
    [
      { name: 'small', engine: small },
      { name: 'big', engine: big },
    ],
    { route },
  );
  expect(loaded).toEqual([]);
  expect(await tiers.generate(ask('x'))).toMatchObject({ tier: 'big', result: { text: 'big says' } });
  expect(await tiers.run({ system: 'You act.' }, 'y')).toMatchObject({ tier: 'big', result: { text: 'big says' } });
  expect(loaded).toContain('small'); // the budget holds one at a time: they take turns
  expect(tiers.report()).toMatchObject([
    { name: 'small', asked: 0, routed: 2 },
    { name: 'big', asked: 2, routed: 0 },
  ]);
  expect(models.report().every(({ users }) => users === 0)).toBe(true);
  expect(models.memory.usedBytes).toBe(100);
});
