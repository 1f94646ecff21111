import type { GenerationResult } from '../engine/generation.js';
import type { Program } from '../engine/program.js';
import { PromptEnds } from './prompt-ends.js';
import type { Run, Runs } from './runs.js';

/** Answers whose ends are remembered. */
const MOST = 10_000;

/** New prompts in a row, none of which went on from an earlier one, after which others are taken for questions that are asked once. */
const ONCE = 256;

/** A prompt that is no conversation. */
export type PlainPrompt = string | Int32Array;

/** One answer to a plain prompt: the program that it is part of, and who is told of its end. */
export interface PromptTurn {
  readonly program: Program | undefined;
  ended(result: GenerationResult): void;
}

/**
 * Agent runs of callers that send plain prompts, and in each all that came before. A prompt that begins with an earlier one and its
 * answer is of the same run. Where nothing goes on for long, as when texts are scored, prompts are of no run: to keep their pages as
 * those of agents would take memory from agents.
 */
export class PromptRuns {
  readonly #runs: Runs;
  readonly #ends = new PromptEnds<Run>(MOST);
  #newInARow = 0;

  constructor(runs: Runs) {
    this.#runs = runs;
  }

  /** `name`: of the run, where the caller has one. */
  begin(prompt: PlainPrompt, name: string | undefined): PromptTurn {
    const before = this.#ends.find(prompt);
    this.#newInARow = before ? 0 : this.#newInARow + 1;
    const isOnce = name === undefined && this.#newInARow > ONCE;
    const run = (name === undefined ? before : undefined) ?? this.#runs.run(name);
    run.begin();
    return {
      program: isOnce ? undefined : run.program,
      ended: (result) => {
        if (result.finishReason === 'cancelled') return;
        run.end(result);
        // The end of a text may come back trimmed, and the last token may have been the mark that ends an answer.
        const said = typeof prompt === 'string' ? result.text.trimEnd() : result.tokens.slice(0, -1);
        if (said.length > 0) this.#ends.keep(prompt, said, run);
      },
    };
  }
}
