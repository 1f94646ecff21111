import type { Backend } from '../backend/backend.js';
import type { Prompt } from '../chat/prompt.js';
import { readPrompt } from '../chat/read-prompt.js';
import { checkName } from '../kit/option-checks.js';
import { readTable } from '../kit/option-table.js';
import type { NativeHint } from '../native/binding.js';
import { number, type OptionsOf } from '../native/option-kinds.js';
import type { ProgramCost } from '../native/reports/program-report.js';
import { PREFIX, type PrefixOptions, prefixTokens } from './prefix-cache.js';

const NOTHING = { tool: '', expectedMs: 0, salt: '', tokens: new Int32Array(0), steps: 1, from: 0 };
const LONGEST_NAME = 256;
/** Below are ids that callers choose themselves. */
const FIRST_GROUP = 2 ** 20;

type HintParts = Pick<NativeHint, 'kind'> & Partial<NativeHint>;

export const toHint = (parts: HintParts): NativeHint => ({ ...NOTHING, ...parts });

/** Programs so far: no two of the process have one id, as one agent run may use several engines. */
let programs = 0;

let groups = 0;

/** The id of a new group of siblings: no other one of the process has it that was not chosen by hand. */
export function newGroup(): number {
  return FIRST_GROUP + groups++;
}

function checkTool(tool: string): string {
  return checkName('tool', tool).slice(0, LONGEST_NAME).toWellFormed(); // the cut may be inside a character
}

export type ProgramReport = ProgramCost;

/** What is told of a tool that starts. */
export const TOOL_STARTED = {
  /** Milliseconds that the tool will take, 0 to 86,400,000. Default: as long as such tools took. */
  expectedMs: number('hint'),
};

/** The tables of what is told with a prompt. */
export const NEXT_PREFIX = {
  ...PREFIX,
  /** Requests of the run until the prompt is sent, 1 to 1,000. Default 1. */
  steps: number('hint', 1),
};
export const BRANCH_ABANDONED = {
  ...PREFIX,
  /** Tokens of the prompt's beginning that others still want, 0 to 1,073,741,824. Default 0. */
  from: number('hint', 0),
};

/**
 * One agent run as the scheduler sees it: pass it as `program` with its requests. What it is told here is advice. Nothing
 * depends on it but speed: what stays cached while a tool runs, who goes first. `Agent` tells all of this by itself.
 */
export class Program {
  readonly #backend: Backend;
  /** The number that its requests carry. */
  readonly id: number;

  /** Use `engine.program()`. */
  constructor(backend: Backend) {
    this.#backend = backend;
    this.id = ++programs;
  }

  /** The run waits for a tool. `expectedMs`: how long it will take, if known. Throws INVALID_OPTION, CLOSED. */
  toolStarted(tool: string, options: OptionsOf<typeof TOOL_STARTED> = {}): void {
    const { expectedMs = 0 } = readTable('options', options, TOOL_STARTED);
    this.#tell({ kind: 'tool-started', tool: checkTool(tool), expectedMs });
  }

  /** The tool has ended: its time is learnt, and the next request is about to come. Throws INVALID_OPTION, CLOSED. */
  toolEnded(tool: string): void {
    this.#tell({ kind: 'tool-ended', tool: checkTool(tool) });
  }

  /** The run waits for a person: it is not known when it goes on. Throws CLOSED. */
  waitingForHuman(): void {
    this.#tell({ kind: 'waiting-for-human' });
  }

  /**
   * The run will send a prompt that begins like this, `steps` requests of it from now (default 1): what is cached of it
   * stays rather than other things, and what is not is computed while the engine has nothing else to do. Rejects with INVALID_*, CLOSED.
   */
  async nextPrefix(prompt: Prompt, given: OptionsOf<typeof NEXT_PREFIX> = {}): Promise<void> {
    const options = readTable('options', given, NEXT_PREFIX);
    const { steps = 1 } = options;
    const tokens = await this.#tokens(prompt, options);
    this.#tell({ kind: 'next-prefix', salt: options.tenant ?? '', tokens, steps });
  }

  /**
   * No request will go on from the end of this prompt: what is cached of it after its first `from` tokens (default 0), which
   * others still want, is the first to leave.
   */
  async branchAbandoned(prompt: Prompt, given: OptionsOf<typeof BRANCH_ABANDONED> = {}): Promise<void> {
    const options = readTable('options', given, BRANCH_ABANDONED);
    const { from = 0 } = options;
    const tokens = await this.#tokens(prompt, options);
    if (tokens.length > from) this.#tell({ kind: 'branch-abandoned', salt: options.tenant ?? '', tokens, from });
  }

  /** The run has ended: no request of it follows. Throws CLOSED. */
  finished(): void {
    this.#tell({ kind: 'finished' });
  }

  /** What the run cost so far, and what was decided about its pages; undefined: not known (any more). Rejects with CLOSED. */
  report(): Promise<ProgramReport | undefined> {
    return this.#backend.programReport(this.id);
  }

  #tokens(prompt: Prompt, options: PrefixOptions): Promise<Int32Array> {
    return prefixTokens(this.#backend, readPrompt(prompt), options);
  }

  #tell(hint: HintParts): void {
    this.#backend.hint(this.id, toHint(hint));
  }
}
