import type { GenerationResult } from '../engine/generation.js';
import { nthTurn } from '../engine/request-options.js';
import type { Session } from '../engine/session.js';
import { checkNumber } from '../kit/option-checks.js';
import { readTable } from '../kit/option-table.js';
import { callback, number, type OptionsOf, word } from '../native/option-kinds.js';
import {
  ask,
  BRANCHES,
  type BranchContext,
  branch,
  checkSession,
  type Ended,
  patternTurn,
  required,
  type Said,
} from './branches.js';

/** A thought: one turn, and the way to it. */
export interface Thought {
  readonly answer: GenerationResult;
  /** The conversation that ends with it. Fork it to ask something about the thought; it belongs to the search. */
  readonly session: Session;
  /** Turns from the root, from 1 on. */
  readonly depth: number;
  readonly score: number;
  /** Undefined: the root's own child. */
  readonly parent: Thought | undefined;
}

/** A thought that is not judged yet. */
export type Unjudged = Omit<Thought, 'score'>;

export interface Found {
  /** The accepted thought, else the best one of all. Its session stays open: go on with it, and close it. */
  readonly best: Thought;
  /** The thoughts from the root to it. */
  readonly path: readonly Thought[];
  /** True: `accept` took it; false: the search met its limits. */
  readonly accepted: boolean;
  /** Thoughts that were generated. */
  readonly thoughts: number;
}

type Propose = (parent: Thought | undefined, child: number) => Said;
type Judge = (thought: Unjudged, context: BranchContext) => number | Promise<number>;

const COUNT = { min: 1, max: 4096, whole: true };

/** The table of the options. */
export const TREE_SEARCH = {
  ...BRANCHES,
  /** What is said to get a child of a thought; `parent` is undefined at the root. */
  propose: callback<Propose>(),
  /** Judge of a thought: the highest number is followed. It may ask the model, on a fork of the thought's session. */
  score: callback<Judge>(),
  /** Tells whether a thought is the solution: the search ends with the first one. Default: none is, the limits end it. */
  accept: callback<(thought: Thought) => boolean>(),
  /** Which thoughts go on. `beam`: the best of the newest level; `best-first`: the best of all that have no children. Default `beam`. */
  strategy: word(['beam', 'best-first'], 'beam'),
  /** Children of a thought, 1 to 4,096. Default 3. */
  children: number(COUNT, 3),
  /** Thoughts that go on at a time, 1 to 4,096. Default 2. */
  beam: number(COUNT, 2),
  /** Most turns from the root, 1 to 4,096. Default 4. */
  depth: number(COUNT, 4),
  /** Most thoughts in all, 1 to 4,096. Default 64. */
  thoughts: number(COUNT, 64),
  /** Options of the turns. With a `seed`, theirs or the session's, the n-th thought samples with seed + n. */
  turn: patternTurn(),
};

export interface TreeSearchOptions extends Omit<OptionsOf<typeof TREE_SEARCH>, 'propose' | 'score'> {
  propose: Propose;
  score: Judge;
}

/**
 * Search in a tree of thoughts (Yao et al., 2023): each round the best ones get children, side by side, each child one turn on
 * a fork; what loses is closed at once, so its pages are the first to go. No branch outlives the call but the best one.
 * Rejects with INVALID_OPTION, ABORTED, CLOSED, and what a call-back or a turn throws.
 */
export async function treeSearch(session: Session, options: TreeSearchOptions): Promise<Found> {
  const given = readTable('options', options, TREE_SEARCH);
  required('propose', given.propose);
  required('score', given.score);
  const search = new Search(checkSession('session', session), given as TreeSearchOptions);
  try {
    return await search.run();
  } finally {
    await search.close();
  }
}

class Search {
  readonly #root: Session;
  readonly #options: TreeSearchOptions;
  #frontier: Thought[] = [];
  #all: Thought[] = [];
  #best: Thought | undefined;
  #result: Thought | undefined;

  constructor(root: Session, options: TreeSearchOptions) {
    this.#root = root;
    this.#options = options;
  }

  async run(): Promise<Found> {
    const { depth = 4, thoughts: most = 64, beam = 2, accept } = this.#options;
    for (
      let parents: (Thought | undefined)[] = [undefined];
      parents.length > 0;
      parents = await this.#next(beam, depth)
    ) {
      const found = await this.#expand(parents, most - this.#all.length);
      this.#all.push(...found);
      this.#best = found.reduce<Thought | undefined>((a, b) => (a && a.score >= b.score ? a : b), this.#best);
      const solution = accept && found.find((thought) => accept(thought));
      if (solution) return this.#end(solution, true);
      this.#frontier.push(...found);
      if (this.#all.length >= most) break;
    }
    return this.#end(this.#best as Thought, false);
  }

  /** Closes everything but the result. */
  async close(): Promise<void> {
    await Promise.all(this.#all.filter((thought) => thought !== this.#result).map(({ session }) => session.close()));
  }

  #end(best: Thought, accepted: boolean): Found {
    this.#result = best;
    return { best, path: pathOf(best), accepted, thoughts: this.#all.length };
  }

  /** The thoughts that go on; in a beam, those that do not are closed unless they are the best so far. */
  async #next(beam: number, depth: number): Promise<Thought[]> {
    const open = this.#frontier.filter((thought) => thought.depth < depth).sort((a, b) => b.score - a.score);
    const chosen = open.slice(0, beam);
    const left = open.slice(beam);
    this.#frontier = this.#options.strategy === 'best-first' ? left : [];
    const lost = this.#options.strategy === 'best-first' ? [] : left.filter((thought) => thought !== this.#best);
    await Promise.all(lost.map(({ session }) => session.close()));
    return chosen;
  }

  /** The children of these thoughts, all at the same time, at most `room` of them. */
  async #expand(parents: readonly (Thought | undefined)[], room: number): Promise<Thought[]> {
    const { children = 3, signal, atOnce } = this.#options;
    const before = this.#all.length;
    const wanted = parents.flatMap((parent) => Array.from({ length: children }, (_, child) => ({ parent, child })));
    const tasks = wanted.slice(0, room).map(({ parent, child }, at) => {
      return (fork: Session, context: BranchContext) => this.#think(parent, child, before + at, fork, context);
    });
    const ended: readonly Ended<Thought>[] = await branch(this.#root, tasks, {
      signal,
      atOnce,
      program: this.#root.program,
      trunk: (index) => wanted[index]?.parent?.session,
      keep: (all) => all,
    });
    return ended.map(({ value }) => value);
  }

  async #think(
    parent: Thought | undefined,
    child: number,
    n: number,
    fork: Session,
    context: BranchContext,
  ): Promise<Thought> {
    const { propose, score, turn = {} } = this.#options;
    const answer = await ask(propose(parent, child), nthTurn(turn, n, this.#root))(fork, context);
    const thought = { answer, session: fork, depth: (parent?.depth ?? 0) + 1, parent };
    const value = await score(thought, context);
    return { ...thought, score: checkNumber('score', value, -Number.MAX_VALUE, Number.MAX_VALUE) };
  }
}

function pathOf(thought: Thought): Thought[] {
  const path: Thought[] = [];
  for (let at: Thought | undefined = thought; at; at = at.parent) path.unshift(at);
  return path;
}
