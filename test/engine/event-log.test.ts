import { expect, test } from 'vitest';
import { EventLog } from '../../src/kit/event-log.js';

async function collect<T>(events: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const event of events) all.push(event);
  return all;
}

test('every reader sees every event in order, early or late', async () => {
  const log = new EventLog<number>();
  const early = collect(log.read());
  log.append(1);
  await Promise.resolve();
  const middle = collect(log.read());
  log.append(2);
  log.append(3);
  log.close();
  const late = collect(log.read());
  expect(await Promise.all([early, middle, late])).toEqual([
    [1, 2, 3],
    [1, 2, 3],
    [1, 2, 3],
  ]);
});

test('a reader that stops does not disturb another', async () => {
  const log = new EventLog<number>();
  const other = collect(log.read());
  log.append(1);
  for await (const event of log.read()) {
    expect(event).toBe(1);
    break;
  }
  log.append(2);
  log.close();
  expect(await other).toEqual([1, 2]);
});

test('nothing is appended after the end', async () => {
  const log = new EventLog<number>();
  log.close();
  log.append(1);
  expect(await collect(log.read())).toEqual([]);
});
