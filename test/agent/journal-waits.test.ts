import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Agent } from '../../src/agent/agent.js';
import { GRACE_MS } from '../../src/agent/journal/bounded-wait.js';
import type { JournalEntry } from '../../src/agent/journal/journal.js';
import { defineTool } from '../../src/agent/tool.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';
import { errorOf } from '../support/expect-code.js';

// A caller's store that never answers, at each of the places where a run waits for it.

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

/** Hangs in its first call of this kind; `hangs` resolves when it does. */
function hangingStore(where: 'entries' | JournalEntry['type']) {
  let hang = () => {};
  const hangs = new Promise<void>((resolve) => {
    hang = resolve;
  });
  const forEver = () => {
    hang();
    return new Promise<never>(() => {});
  };
  const journal = {
    entries: () => (where === 'entries' ? forEver() : []),
    append: (entry: JournalEntry) => (entry.type === where ? forEver() : undefined),
  };
  return { journal, hangs };
}

function agent(limits = {}) {
  const { engine } = scripted((prompt) => (prompt.includes('<|tool|>') ? 'Done.' : callText('c0', 'act', '{}')));
  const act = defineTool({ name: 'act', description: '', input: {}, execute: () => 1 });
  return new Agent({ engine, tools: [act], limits });
}

const PLACES = ['entries', 'run', 'turn', 'call', 'result', 'end'] as const;

test.each(PLACES)('in %s: an abort is heard at once', async (where) => {
  const { journal, hangs } = hangingStore(where);
  const stop = new AbortController();
  const run = agent().run('Go', { journal, signal: stop.signal });
  await hangs;
  stop.abort(new Error('enough'));
  expect(await errorOf(() => run)).toMatchObject({ code: 'ABORTED', cause: stop.signal.reason });
});

test.each(PLACES)('in %s: the time of the run ends it, after a while for the store', async (where) => {
  const { journal, hangs } = hangingStore(where);
  const run = agent({ timeoutMs: 60_000 }).run('Go', { journal });
  await hangs;
  let ended = false;
  run
    .finally(() => {
      ended = true;
    })
    .catch(() => {});
  await vi.advanceTimersByTimeAsync(60_000 + GRACE_MS - 1);
  expect(ended).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(await errorOf(() => run)).toMatchObject({ code: 'JOURNAL_FAILED', field: 'journal' });
});
