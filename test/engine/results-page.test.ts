import { expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import {
  ANSWER_EVENTS,
  ANSWER_FIELDS,
  eventsOf,
  fieldsOf,
  MISS_FIELDS,
  PART_FIELDS,
  RUN_EVENTS,
  RUN_FIELDS,
  resultsPage,
  USAGE_FIELDS,
} from '../../testing/source/results-page.js';

test('docs/results-and-events.md is made of the types as they are', async () => {
  await expect(resultsPage()).toMatchFileSnapshot('../../docs/results-and-events.md');
});

// What a hover shows is what the page shows: none is left without.
test('each field and each event has its sentence', () => {
  const fields = [ANSWER_FIELDS, USAGE_FIELDS, MISS_FIELDS, ...RUN_FIELDS, ...PART_FIELDS].flatMap(fieldsOf);
  const events = [...ANSWER_EVENTS, RUN_EVENTS].flatMap(eventsOf);
  expect(fields.filter(({ doc }) => !/^[A-Z`].*\.$/.test(doc)).map(({ name }) => name)).toEqual([]);
  expect(events.filter(({ doc }) => !/^[A-Z`].*\.$/.test(doc)).flatMap(({ types }) => types)).toEqual([]);
  expect(events.every(({ types }) => types.length > 0)).toBe(true);
});

test('an answer has the fields of the page, and tells no event that it lacks', async () => {
  await using engine = await Engine.load();
  const answer = engine.generate([{ role: 'user', content: 'Hello' }], { temperature: 0, progress: true });
  const told = new Set<string>();
  for await (const { type } of answer) told.add(type);
  const result = await answer;
  const topOf = (fields: ReturnType<typeof fieldsOf>) =>
    fields.flatMap(({ name, optional }) => (optional || name.includes('.') ? [] : [name])).sort();
  expect(Object.keys(result).sort()).toEqual(topOf(fieldsOf(ANSWER_FIELDS)));
  expect(Object.keys(result.usage).sort()).toEqual(topOf(fieldsOf(USAGE_FIELDS)));
  const known = ANSWER_EVENTS.flatMap(eventsOf).flatMap(({ types }) => types);
  expect([...told].filter((type) => !known.includes(type))).toEqual([]);
  expect([...told]).toEqual(expect.arrayContaining(['accepted', 'admitted', 'prefill', 'tokens', 'text', 'finish']));
});
