import { Agent, BanyanError, Engine, type OnOverflow, type Session } from '../../src/index.js';
import { sum } from '../../testing/statistics.js';
import type { Measured } from '../report.js';
import { toolOf, words } from './agents.js';

const QUESTIONS = 6;
/** Of each question, the last one its answer. */
const STEPS = 4;
const WINDOW = 1_792;
/** Holds the whole conversation. */
const LARGE = 8_192;

interface Outgrown {
  /** Questions that were gone through to their last step. */
  answered: number;
  prompt: number;
  computed: number;
  output: number;
  changes: number;
  dropped: number;
  shortened: number;
  summaries: number;
  tokens: number;
}

/** A conversation with the embedded model that outgrows its window: how far each way to make room comes, what it computes, what it loses. */
export async function benchOverflow(threads: number): Promise<Measured> {
  const options = { ...(threads > 0 && { threads }) };
  await using large = await Engine.load({ ...options, maxContext: LARGE, kvTokens: LARGE });
  await using small = await Engine.load({ ...options, maxContext: WINDOW, kvTokens: 2 * WINDOW });
  const whole = await outgrow(large, 'error');
  if (whole.answered < QUESTIONS) throw new Error(`${whole.answered} questions of ${QUESTIONS} fit the large window`);
  const ways: [how: OnOverflow, told: Outgrown][] = [];
  for (const how of ['error', 'results', 'trim', 'window', 'compact'] as const)
    ways.push([how, await outgrow(small, how)]);
  const found = ways.map(
    ([how, { answered, computed, prompt }]) =>
      `${how} ${answered} (${computed} prompt tokens computed of ${prompt} read)`,
  );
  return {
    findings: [
      `a conversation of ${QUESTIONS} questions, ${(whole.tokens / WINDOW).toFixed(1)} times as long as its window, answered by onOverflow: ${found.join(', ')}; ` +
        `without reuse all that is read is computed, and in a window that holds it all ${whole.computed} of ${whole.prompt}`,
    ],
    tables: [
      {
        title: `a conversation of ${QUESTIONS} questions, ${STEPS} steps each, in a window of ${WINDOW} tokens, by onOverflow`,
        columns: [
          ...[
            'how',
            'answered',
            'prompt tokens read',
            'of them computed',
            'written, summaries too',
            'times room was made',
          ],
          ...['messages forgotten', 'results cut', 'summaries', 'tokens at the end'],
        ],
        rows: [[`a window of ${LARGE}`, whole] as const, ...ways].map(([how, told]) => [
          ...[how, told.answered, told.prompt, told.computed, told.output, told.changes],
          ...[told.dropped, told.shortened, told.summaries, told.tokens],
        ]),
      },
    ],
  };
}

/** From a cold cache. What is computed is the engine's own count: it has what was computed ahead, and summaries. */
async function outgrow(engine: Engine, onOverflow: OnOverflow): Promise<Outgrown> {
  await engine.clearCache();
  const before = await engine.stats();
  const agent = new Agent({
    ...{ engine, system: 'Answer briefly.', temperature: 0.8, seed: 5, onOverflow },
    ...{ limits: { maxSteps: STEPS }, forceTools: STEPS - 1, maxTokens: 120, parallelToolCalls: false },
    tools: [toolOf('read', (call) => words(`page ${call}`, 1_600))],
  });
  const runs = [];
  let session: Session | undefined;
  for (let question = 0; question < QUESTIONS; question++) {
    const run = agent.run(`Question ${question}: what do the next pages say?`, session ? { session } : {});
    session = run.session;
    const result = await unlessFull(run);
    if (result) runs.push(result);
    if (!result || result.stopReason === 'context') break;
  }
  const changes = runs.flatMap(({ steps }) => steps.flatMap(({ context }) => context ?? []));
  return {
    answered: runs.filter(({ stopReason }) => stopReason !== 'context').length,
    prompt: sum(runs.map(({ usage }) => usage.promptTokens)),
    computed: (await engine.stats()).prefillTokens - before.prefillTokens,
    output: sum(runs.map(({ usage }) => usage.outputTokens)),
    changes: changes.length,
    dropped: sum(changes.map(({ dropped }) => dropped)),
    shortened: sum(changes.map(({ shortened }) => shortened)),
    summaries: changes.filter(({ summary }) => summary).length,
    tokens: session?.tokens.length ?? 0,
  };
}

/** Undefined: the conversation has no room for what comes now. */
async function unlessFull<Result>(run: PromiseLike<Result>): Promise<Result | undefined> {
  try {
    return await run;
  } catch (reason) {
    if (reason instanceof BanyanError && reason.code === 'PROMPT_TOO_LONG') return undefined;
    throw reason;
  }
}
