import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { Agent } from '../../src/agent/agent.js';
import type { JournalEntry } from '../../src/agent/journal/journal.js';
import { JournalFile } from '../../src/agent/journal/journal-file.js';
import { defineTool } from '../../src/agent/tool.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';
import { codeOf, errorOf } from '../support/expect-code.js';

const folder = mkdtempSync(join(tmpdir(), 'banyan-journal-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newPath = () => join(folder, `${files++}.jsonl`);

function world(execute: (word: string) => unknown = (word) => `${word} ünïcödé 🌳`) {
  const { engine, native } = scripted((prompt) =>
    prompt.includes('<|tool|>') ? 'Söme answer.' : callText('c0', 'say', '{"word":"b\u00e4nyan"}'),
  );
  const said: string[] = [];
  const say = defineTool({
    name: 'say',
    description: '',
    input: z.object({ word: z.string() }),
    execute: ({ word }) => {
      said.push(word);
      return execute(word);
    },
  });
  return { agent: new Agent({ engine, tools: [say] }), native, said };
}

/** As the format has it: a line that ends with CAN was cut by a crash, and does not count. */
function entriesOf(path: string): JournalEntry[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.filter((line) => !line.endsWith('\x18')).map((line) => JSON.parse(line));
}

/** An entry without its checksum, as an earlier Banyan wrote it. */
const unsealed = (line: string) => line.replace(/,"sum":"[^"]*"\}$/, '}');

async function finished(): Promise<string> {
  const path = newPath();
  await world().agent.run('Gö', { journal: path });
  return path;
}

test("a file has one entry a line, is its owner's alone, and its lock is gone", async () => {
  const path = await finished();
  const types = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).type);
  expect(types).toEqual(['run', 'turn', 'call', 'result', 'turn', 'end']);
  if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(existsSync(`${path}.lock`)).toBe(false);
  expect(await world().agent.resume(path)).toMatchObject({ text: 'Söme answer.', stopReason: 'answer' });
});

test('cut at any byte, as a torn write leaves it: the rest is done again, calls that were announced are not', async () => {
  const bytes = readFileSync(await finished());
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length), async (length) => {
      const path = newPath();
      writeFileSync(path, bytes.subarray(0, length));
      const lines = bytes.subarray(0, length).toString('latin1').split('\n').slice(0, -1);
      const announced = lines.some((line) => line.startsWith('{"type":"call"'));
      const { agent, said } = world();
      const run = lines.length > 0 ? agent.resume(path) : agent.run('Gö', { journal: path });
      const { text } = await run;
      expect(text).toBe('Söme answer.');
      expect(said).toHaveLength(announced ? 0 : 1);
      expect(readFileSync(path).subarray(0, length)).toEqual(bytes.subarray(0, length)); // nothing was taken away
      expect(entriesOf(path).at(-1)?.type).toBe('end');
      expect(await codeOf(async () => agent.run('Gö', { journal: path }))).toBe('JOURNAL_MISMATCH');
    }),
    { numRuns: 40, seed: 23 },
  );
});

test('damage in the middle is named by its line, and the file stays as it is', async () => {
  const path = await finished();
  const lines = readFileSync(path, 'utf8').split('\n');
  for (const garbage of ['{"type":"call","st', '\0\0\0\0', '']) {
    writeFileSync(path, [...lines.slice(0, 2), garbage, ...lines.slice(3)].join('\n'));
    const before = readFileSync(path);
    const error = await errorOf(() => world().agent.resume(path));
    expect(error).toMatchObject({ code: 'JOURNAL_INVALID', message: expect.stringMatching(/^Entry 3 /) });
    expect(readFileSync(path)).toEqual(before);
  }
  const bytes = Buffer.from(lines.join('\n'));
  bytes[bytes.indexOf('ünïcödé')] = 0xff; // in the tool's result: still JSON, no longer UTF-8
  writeFileSync(path, bytes);
  expect(await errorOf(() => world().agent.resume(path))).toMatchObject({
    code: 'JOURNAL_INVALID',
    message: expect.stringMatching(/^Entry 4 /),
  });
});

test('a line that was edited, moved, left out, doubled or brought from another run is named by its number', async () => {
  const [mine, other] = [await finished(), await finished()].map((path) => readFileSync(path, 'utf8').split('\n'));
  const [run, turn, call, result, ...rest] = mine as string[];
  const edits: [number, (string | undefined)[]][] = [
    [1, [run?.replace('"Gö"', '"Go"'), turn, call, result, ...rest]],
    [4, [run, turn, call, result?.replace('ünïcödé', 'edited'), ...rest]],
    [4, [run, turn, call, result?.replace(/"ms":[^,]*/, '"ms":99999'), ...rest]],
    [3, [run, turn, result, call, ...rest]],
    [3, [run, turn, result, ...rest]],
    [4, [run, turn, call, other?.[3], ...rest]],
    [5, [run, turn, call, result, result, ...rest]],
    [2, [run, unsealed(turn as string), call, result, ...rest]],
    [2, [unsealed(run as string), turn?.replace(/"sum":"./, '"sum":"-'), call, result, ...rest]],
  ];
  const path = newPath();
  for (const [entry, lines] of edits) {
    writeFileSync(path, lines.join('\n'));
    const { agent, native, said } = world();
    expect(await errorOf(() => agent.resume(path))).toMatchObject({
      code: 'JOURNAL_INVALID',
      message: expect.stringMatching(`^Entry ${entry} `),
    });
    expect([native.requests, said]).toEqual([[], []]);
  }
});

test('any bit that flips is found, in the line where it is', async () => {
  const bytes = readFileSync(await finished());
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(7), async (at, bit) => {
      const path = newPath();
      const damaged = Buffer.from(bytes);
      damaged[at] = (bytes[at] as number) ^ (1 << bit);
      writeFileSync(path, damaged);
      const line = bytes.subarray(0, at).toString('latin1').split('\n').length;
      const { agent, said } = world();
      // A last newline that is gone is a line that was being written: it is done again.
      if (at === bytes.length - 1) expect((await agent.resume(path)).text).toBe('Söme answer.');
      else {
        const { message } = await errorOf(() => agent.resume(path));
        expect(Number(/^Entry (\d+) /.exec(message)?.[1])).toBeOneOf([line, line + 1]); // a newline parts two
      }
      expect(said).toEqual([]);
    }),
    { numRuns: 300, seed: 23 },
  );
});

test('a journal of an earlier Banyan has no checksums: it is read, and what follows is sealed with it', async () => {
  const lines = readFileSync(await finished(), 'utf8')
    .split('\n')
    .map(unsealed);
  const whole = newPath();
  writeFileSync(whole, lines.join('\n'));
  expect((await world().agent.resume(whole)).text).toBe('Söme answer.');
  const half = newPath();
  writeFileSync(half, `${lines.slice(0, 4).join('\n')}\n`);
  expect((await world().agent.resume(half)).text).toBe('Söme answer.');
  const mixed = readFileSync(half, 'utf8');
  expect(
    mixed
      .trimEnd()
      .split('\n')
      .map((line) => line.includes('"sum"')),
  ).toEqual([...Array(4).fill(false), true, true]);
  expect((await world().agent.resume(half)).stopReason).toBe('answer');
  writeFileSync(half, mixed.replace('ünïcödé', 'edited')); // in the old part: what was sealed later says so
  expect(await errorOf(() => world().agent.resume(half))).toMatchObject({ code: 'JOURNAL_INVALID' });
});

test.each(['a shopping list', 'a list\nof things\n', '{"some":"json"}\n'])(
  'a file that is no journal is not touched: %j',
  async (text) => {
    const path = newPath();
    writeFileSync(path, text);
    const { agent, native } = world();
    expect(await codeOf(() => agent.run('Go', { journal: path }))).toBe('JOURNAL_INVALID');
    expect(await codeOf(() => agent.resume(path))).toBe('JOURNAL_INVALID');
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect([native.requests, existsSync(`${path}.lock`)]).toEqual([[], false]);
  },
);

test('more bytes than any run writes are not read', async () => {
  const path = newPath();
  writeFileSync(path, '');
  truncateSync(path, 3 * 2 ** 30); // a hole: takes no room
  expect(await codeOf(() => world().agent.resume(path))).toBe('JOURNAL_INVALID');
});

test('a place where no file can be', async () => {
  const { agent, native } = world();
  for (const path of [join(folder, 'no', 'folder'), folder, '/dev/null'])
    expect(await errorOf(() => agent.run('Go', { journal: path }))).toMatchObject({
      code: 'JOURNAL_FAILED',
      field: 'journal',
    });
  const missing = newPath();
  expect(await codeOf(() => agent.resume(missing))).toBe('JOURNAL_FAILED');
  expect([existsSync(missing), native.requests]).toEqual([false, []]);
});

test('one run at a time; the lock of a process that is gone is taken over', async () => {
  const path = newPath();
  const { agent, said } = world(async () => {
    expect(await errorOf(() => world().agent.resume(path))).toMatchObject({
      code: 'JOURNAL_BUSY',
      message: expect.stringContaining(`${path}.lock`),
    });
    return 'ok';
  });
  await agent.run('Go', { journal: path });
  expect(said).toHaveLength(1);
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  writeFileSync(`${path}.lock`, `${pid}\n`);
  expect((await agent.resume(path)).text).toBe('Söme answer.');
  expect(existsSync(`${path}.lock`)).toBe(false);
});

test('a lock with our own id is of an earlier process only if it is older than this one', async () => {
  const path = await finished();
  const { agent } = world();
  writeFileSync(`${path}.lock`, `${process.pid}\n`);
  expect(await codeOf(() => agent.resume(path))).toBe('JOURNAL_BUSY');
  utimesSync(`${path}.lock`, 1, 1);
  expect((await agent.resume(path)).text).toBe('Söme answer.');
  writeFileSync(`${path}.lock`, ''); // another's that is about to write its id
  expect(await codeOf(() => agent.resume(path))).toBe('JOURNAL_BUSY');
});

test('the lock of another process that was let in by hand is left to it', async () => {
  const path = newPath();
  const lock = `${path}.lock`;
  const { agent } = world(() => writeFileSync(lock, `${process.ppid}\n`));
  await agent.run('Go', { journal: path });
  expect(readFileSync(lock, 'utf8')).toBe(`${process.ppid}\n`);
});

test('lines of another writer stop the run before its next effect', async () => {
  const path = newPath();
  const { agent } = world(() => {
    appendFileSync(path, '{"type":"result"}\n');
    return 'ok';
  });
  const error = await errorOf(() => agent.run('Go', { journal: path }));
  expect(error).toMatchObject({ code: 'JOURNAL_BUSY', field: 'journal' });
  expect(readFileSync(path, 'utf8').endsWith('{"type":"result"}\n')).toBe(true); // and nothing behind it
});

test('an acknowledged line is never cut, also when two runs believe that the journal is theirs', async () => {
  const fragments = ['{"type":"turn","st', '\0\0\0', '{'];
  type Step = { who: number; does: 'append' | 'read' | 'append at once' } | { tear: number };
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 6, arbitrary: fc.record({ who: fc.nat(2), does: fc.constantFrom('append', 'append at once', 'read') }) },
    { weight: 1, arbitrary: fc.record({ tear: fc.nat(2) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 30 }), async (steps) => {
      const path = newPath();
      const takeOver = async () => {
        rmSync(`${path}.lock`, { force: true }); // as of a process that is gone
        const file = await JournalFile.open(path, true);
        await file.entries().catch(() => {});
        return file;
      };
      const writers = [await takeOver(), await takeOver(), await takeOver()];
      const acknowledged: string[] = [];
      const last = writers.map(() => Promise.resolve()); // a run does one thing after the other
      for (const [index, each] of steps.entries()) {
        if ('tear' in each) {
          appendFileSync(path, fragments[each.tear] ?? ''); // a process that is killed while it writes
          continue;
        }
        const writer = writers[each.who] as JournalFile;
        const entry: JournalEntry = { type: 'result', step: index, index, ok: true, content: '', ms: 0 };
        const act = async () => {
          if (each.does === 'read') return void (await writer.entries()); // takes over once more
          await writer.append(entry);
          acknowledged.push(JSON.stringify(entry));
        };
        last[each.who] = (last[each.who] as Promise<void>).then(act).catch(() => {});
        if (each.does === 'append') await last[each.who];
      }
      await Promise.all(last);
      const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
      for (const line of acknowledged) expect(lines.map(unsealed)).toContain(line);
      await Promise.all(writers.map((writer) => writer.close()));
    }),
    { numRuns: 60, seed: 23 },
  );
});

test('a journal is not reached through a link, and becomes private', async () => {
  if (process.platform === 'win32') return;
  const path = await finished();
  const link = newPath();
  symlinkSync(path, link);
  const before = readFileSync(path);
  for (const call of [() => world().agent.resume(link), () => world().agent.run('Go', { journal: link })])
    expect(await errorOf(call)).toMatchObject({ code: 'JOURNAL_FAILED', field: 'journal' });
  expect(readFileSync(path)).toEqual(before);
  const open = newPath();
  writeFileSync(open, '');
  chmodSync(open, 0o666);
  await world().agent.run('Go', { journal: open });
  expect(statSync(open).mode & 0o777).toBe(0o600);
});

test('a lock that is no file holds no run up', async () => {
  if (process.platform === 'win32') return;
  const path = await finished();
  spawnSync('mkfifo', [`${path}.lock`]);
  expect(await codeOf(() => world().agent.resume(path))).toBe('JOURNAL_BUSY');
  rmSync(`${path}.lock`);
  symlinkSync('/dev/zero', `${path}.lock`);
  expect(await codeOf(() => world().agent.resume(path))).toBe('JOURNAL_BUSY');
});
