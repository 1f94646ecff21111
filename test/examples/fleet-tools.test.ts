import { expect, test } from 'vitest';
import { fleetTools, NOTES_FOLDER, question } from '../../examples/fleet/assistant.js';
import { calculate } from '../../examples/fleet/tools/calculate.js';
import { convertUnits } from '../../examples/fleet/tools/convert-units.js';
import { localTime } from '../../examples/fleet/tools/get-time.js';
import { findNotes, readNotes } from '../../examples/fleet/tools/search-notes.js';
import { runTool } from '../../src/agent/tool-runner.js';
import { toToolCall } from '../../src/chat/chat-message.js';

test.each([
  [26, 'miles', 'km', 41.8429],
  [72, 'Fahrenheit', 'Celsius', 22.2222],
  [100, 'degrees C', 'F', 212],
  [80, 'kg', 'lbs', 176.37],
  [5, 'gallons', 'litres', 18.9271],
  [60, 'mph', 'km/h', 96.5606],
  [10, 'm/s', 'km/h', 36],
  [10, 'knots', 'km/h', 18.52],
])('%d %s in %s', (value, from, to, expected) => {
  expect(convertUnits(value, from, to)).toBeCloseTo(expected, 3);
});

test.each([
  ['miles', 'kg'],
  ['miles', 'hops'],
  ['mph', 'km'],
  ['__proto__', 'constructor'],
])('%s in %s is refused', (from, to) => {
  expect(() => convertUnits(1, from, to)).toThrow();
});

test.each([
  ['2 * (3 + 4)', 14],
  ['17 * 23 + 4', 395],
  ['12,500 / 4', 3125],
  ['2 ** 10', 1024],
  ['0.1 + 0.2', 0.3],
  ['sqrt(16) × 3', 12],
])('%s', (expression, expected) => {
  expect(calculate(expression)).toBe(expected);
});

test.each([
  '1 / 0',
  'x + 1',
  'constructor',
  'toString()',
  '(1).constructor',
  'a = 1',
  'random()',
  '"a" + "b"',
  '',
  '9'.repeat(501),
])('%s is no arithmetic', (expression) => {
  expect(() => calculate(expression)).toThrow();
});

test('notes are found by their words, best first', async () => {
  const notes = await readNotes(NOTES_FOLDER);
  expect(findNotes(notes, 'the harbour lease').map(({ name }) => name)).toEqual(['Harbour lease']);
  expect(findNotes(notes, 'Ingrid Dahl').map(({ name }) => name)).toEqual(['Engine service']);
  expect(findNotes(notes, 'unicorns')).toEqual([]);
  expect(findNotes(notes, '')).toEqual([]);
});

test('the clock knows cities that time zones are named after', () => {
  const noon = new Date('2026-06-01T12:00:00Z');
  expect(localTime('Oslo', noon)).toBe('14:00');
  expect(localTime('new york', noon)).toBe('08:00');
  expect(() => localTime('Atlantis', noon)).toThrow('Atlantis');
  expect(() => localTime('', noon)).toThrow();
});

test('the tools keep the names and parameters that the small model was trained with', () => {
  const known = fleetTools({ maxLength: undefined }).map(({ name, parameters }) => [name, parameters.properties]);
  expect(Object.fromEntries(known)).toEqual({
    calculate: { expression: { type: 'string' } },
    convert_units: { value: { type: 'number' }, from: { type: 'string' }, to: { type: 'string' } },
    get_time: { city: { type: 'string' } },
    search_notes: { query: { type: 'string' } },
  });
});

test('a call of each tool gives a result', async () => {
  const options = {
    signal: new AbortController().signal,
    timeoutMs: 1_000,
    resultLimit: 1_000,
    idempotencyKey: 'run.0.0',
    announce: async () => {},
  };
  const run = async (name: string, input: object) => {
    const call = toToolCall({ id: '1', name, arguments: JSON.stringify(input) }, 0);
    return (await runTool(fleetTools({ maxLength: undefined }), call, options)).content;
  };
  expect(await run('convert_units', { value: 26, from: 'miles', to: 'km' })).toBe('{"result":41.8429}');
  expect(await run('calculate', { expression: '6 * 7' })).toBe('{"result":42}');
  expect(await run('search_notes', { query: 'ferry' })).toContain('{"hits":[{"name":"Ferry timetable"');
  expect(await run('get_time', { city: 'Oslo' })).toMatch(/^{"city":"Oslo","time":"\d\d:\d\d"}$/);
});

test('any number of agents has questions', () => {
  expect(new Set(Array.from({ length: 40 }, (_, agent) => question(agent))).size).toBe(12);
});
