import type { Engine } from '../../src/engine/engine.js';
import { hasCode } from '../../src/kit/errors.js';

/** What is asked of workflows in messages: so many at once, each of so many turns. */
export interface ChatWorkflows {
  count: number;
  turns: number;
  /** Instructions that all share. */
  system: string;
  question(workflow: number, turn: number): string;
  /** Told of each piece of an answer. */
  heard?: () => void;
}

/** What they came to. */
export interface ChatOutcome {
  /** Workflows whose turns were all answered. */
  done: number;
  calls: number;
  /** Answers that went on elsewhere after a word of them was told. */
  repeated: number;
  /** Answers that were STREAM_BROKEN, and were asked for again by the workflow. */
  broken: number;
  promptTokens: number;
  cachedTokens: number;
}

/**
 * Drives sessions of an engine in chat mode, by turns at temperature 0 and sampled. A turn that is STREAM_BROKEN left its session as it was, and
 * is asked again. Throws whatever else a turn fails with, and where an answer is not what was streamed.
 */
export async function runChatWorkflows(engine: Engine, plan: ChatWorkflows): Promise<ChatOutcome> {
  const outcome = { done: 0, calls: 0, repeated: 0, broken: 0, promptTokens: 0, cachedTokens: 0 };
  const turn = async (ask: () => ReturnType<Engine['generate']>) => {
    const going = ask();
    let streamed = '';
    for await (const event of going) {
      if (event.type !== 'text') continue;
      streamed += event.text;
      plan.heard?.();
    }
    const { text, usage } = await going;
    if (text !== streamed)
      throw new Error(`streamed ${JSON.stringify(streamed)}, and answered ${JSON.stringify(text)}`);
    outcome.calls++;
    outcome.repeated += usage.elsewhere?.migrations ?? 0;
    outcome.promptTokens += usage.promptTokens;
    outcome.cachedTokens += usage.cachedTokens ?? 0;
  };
  const workflow = async (at: number) => {
    await using session = engine.session({ system: plan.system });
    for (let number = 0; number < plan.turns; ) {
      const options = { temperature: (at + number) % 2, maxTokens: 64 };
      try {
        await turn(() => session.generate(plan.question(at, number), options));
        number++;
      } catch (reason) {
        if (!hasCode(reason, 'STREAM_BROKEN')) throw reason;
        outcome.broken++;
      }
    }
    outcome.done++;
  };
  await Promise.all(Array.from({ length: plan.count }, (_, at) => workflow(at)));
  return outcome;
}
