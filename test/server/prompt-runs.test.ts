import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PromptEnds } from '../../src/stateless/prompt-ends.js';
import { servingScript } from '../../testing/engine/serving.js';

type Serving = Awaited<ReturnType<typeof servingScript>>;
type Completion = { choices: { token_ids: number[] }[] };

async function complete(it: Serving, prompt: string | number[], headers = {}): Promise<Completion['choices'][0]> {
  const body = JSON.stringify({ prompt, max_tokens: 64, return_token_ids: true });
  const response = await fetch(`${it.url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  expect(response.status).toBe(200);
  const [choice] = ((await response.json()) as Completion).choices;
  return choice as Completion['choices'][0];
}

/** Programs of the requests so far: the first is 0, the next one that is new is 1. */
function programs({ native }: Serving): number[] {
  const seen = [...new Set(native.requests.map(({ program }) => program))];
  return native.requests.map(({ program }) => seen.indexOf(program));
}

test('a text that goes on from an earlier one and its answer is of the same run, whoever else asks', async () => {
  await using it = await servingScript(() => 'Think. Act. ');
  for (const agent of ['A', 'B']) await complete(it, `You are ${agent}.`);
  const a = 'You are A.Think. Act. \nObservation: 1\n';
  await complete(it, a);
  await complete(it, 'You are B.Think. Act.\nObservation: 2\n'); // the answer's end was trimmed
  await complete(it, `${a}Think. Act. \nObservation: 3\n`);
  await complete(it, 'You are A.Think twice.'); // another answer than it was given
  await complete(it, 'You are A.');
  expect(programs(it)).toEqual([0, 1, 0, 1, 0, 2, 3]);
  expect(it.native.requests.every(({ program }) => program > 0)).toBe(true);
});

test('token ids go on from ids, also without the last of an answer, and not from a text', async () => {
  await using it = await servingScript(() => 'Think and act');
  const prompt = [...it.engine.tokenize('You are A.')];
  const { token_ids: answer } = await complete(it, prompt);
  expect(answer.length).toBeGreaterThan(2);
  await complete(it, [...prompt, ...answer, 5, 6]);
  await complete(it, [...prompt, ...answer.slice(0, -1), 7]);
  await complete(it, [...prompt, ...answer.slice(0, -2), 7]);
  await complete(it, 'You are A.Think and act. More.');
  expect(programs(it)).toEqual([0, 0, 0, 1, 2]);
});

test('a run that is named is that one', async () => {
  await using it = await servingScript();
  await complete(it, 'Go', { 'x-banyan-program': 'one' });
  await complete(it, 'Something else', { 'x-banyan-program': 'one' });
  await complete(it, 'GoHi there');
  await complete(it, 'GoHi there', { 'x-banyan-program': 'two' });
  expect(programs(it)).toEqual([0, 0, 0, 1]);
});

test('where nothing goes on for 256 prompts, others are of no run until one does', async () => {
  await using it = await servingScript();
  for (let index = 0; index < 258; index++) await complete(it, `Question ${index}: `);
  const named = () => it.native.requests.map(({ program }) => program > 0);
  expect(named().indexOf(false)).toBe(256);
  await complete(it, 'Question 257: Hi and on');
  await complete(it, 'A new one');
  expect(named().slice(256)).toEqual([false, false, true, true]);
});

test('the longest kept prompt that one begins with is found, the latest are kept', () => {
  const symbols = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.array(fc.tuple(symbols, fc.boolean()), { maxLength: 60 }), fc.boolean(), (steps, isText) => {
      const most = 5;
      const ends = new PromptEnds<string>(most);
      const kept: string[] = []; // the latest last
      const as = (ids: number[]) => (isText ? ids.join('') : ids);
      for (const [ids, isKept] of steps) {
        const text = ids.join('');
        const [longest] = kept.filter((end) => text.startsWith(end)).sort((one, other) => other.length - one.length);
        const half = Math.ceil(ids.length / 2);
        if (isKept) ends.keep(as(ids.slice(0, half)), as(ids.slice(half)), text);
        else expect(ends.find(as(ids))).toBe(longest);
        const used = isKept ? text : longest;
        if (used === undefined) continue;
        if (kept.includes(used)) kept.splice(kept.indexOf(used), 1);
        kept.push(used);
        if (kept.length > most) kept.shift();
      }
    }),
  );
});
