import { expect, test } from 'vitest';
import { ProgressLine } from '../../src/cli/progress/progress-line.js';

/** What a terminal has in its line after all that was written: a return goes to the first column, and nothing is erased by it. */
function terminal(isTTY = true) {
  let [line, at] = ['', 0];
  let writes = 0;
  const write = (text: string) => {
    writes++;
    for (const character of text) {
      if (character === '\r') at = 0;
      else {
        line = line.slice(0, at) + character + line.slice(at + 1);
        at++;
      }
    }
  };
  return { output: { isTTY, write }, line: () => line.trimEnd(), writes: () => writes };
}

test('a line says how far it is and how long the rest takes, is written when it changes, and is gone at the end', () => {
  let now = 0;
  const { output, line, writes } = terminal();
  const shown = new ProgressLine(output, () => now);
  shown.show('Loading', 0);
  expect(line()).toBe('Loading [....................] 0%');
  now = 500;
  shown.show('Loading', 0.1);
  expect(line()).toBe('Loading [##..................] 10%'); // too soon to tell
  now = 10_000;
  shown.show('Loading', 0.25);
  expect(line()).toBe('Loading [#####...............] 25%, 30 s left');
  const before = writes();
  shown.show('Loading', 0.25);
  expect(writes()).toBe(before);
  now = 4_000_000;
  shown.show('Loading', 0.5, '7 lines');
  expect(line()).toBe('Loading [##########..........] 50%, 7 lines, 67 min left');
  shown.show('Next', 0.5); // other work: its time is its own
  expect(line()).toBe('Next [##########..........] 50%');
  now += 1_000;
  shown.show('Next', 0.75);
  expect(line()).toBe('Next [###############.....] 75%, 1 s left');
  shown.show('Next', 1);
  shown.end();
  expect(line()).toBe('');
});

test('where there is no terminal nothing is written', () => {
  const { output, writes } = terminal(false);
  const shown = new ProgressLine(output);
  shown.show('Loading', 0.5);
  shown.end();
  expect(writes()).toBe(0);
});
