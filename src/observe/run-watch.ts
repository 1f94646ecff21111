import { type Watcher, Watchers } from './watchers.js';

/** An agent run or a run of a workflow that begins. */
export interface RunAbout {
  readonly kind: 'agent' | 'workflow';
  /** What it runs on: the engine, or what stands in for one. */
  readonly host: object;
  /** Number of the program that its requests carry; an agent in a workflow has one of its own. */
  readonly program: number;
  readonly tenant: string;
}

/** What happens in a run. A step is a turn of an agent's model with the tools that it called, or a node of a workflow. Milliseconds. */
export type RunEvent =
  | { readonly type: 'step-began'; readonly step: number; readonly name: string }
  | { readonly type: 'step-ended'; readonly step: number; readonly ok: boolean; readonly ms: number }
  /** A tool gets a call. */
  | { readonly type: 'tool-began'; readonly step: number; readonly id: string; readonly tool: string }
  /** Its result is there. `ahead`: it had begun before the model made the call, so that nothing was told of its beginning. */
  | {
      readonly type: 'tool-ended';
      readonly step: number;
      readonly id: string;
      readonly tool: string;
      readonly ok: boolean;
      readonly ms: number;
      readonly ahead: boolean;
    }
  /** Last. `reason`: a stopReason, `done` of a workflow, or the code of its error; `ok` false: it failed. */
  | { readonly type: 'run-ended'; readonly reason: string; readonly ok: boolean; readonly ms: number };

export type RunWatcher = Watcher<RunAbout, RunEvent>;

/** Of the process: runs have many hosts, and not each is an engine. */
const watchers = new Watchers<RunAbout, RunEvent>();

/** Tells a watcher of each agent run and workflow that begins from now on, on any host. Returns what ends that. */
export const watchRuns = (watcher: RunWatcher): (() => void) => watchers.add(watcher);

/** A run begins: what tells of it. Undefined: nothing watches. */
export const beginRun = (about: () => RunAbout): ((event: RunEvent) => void) | undefined => watchers.begin(about);
