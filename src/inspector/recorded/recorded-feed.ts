import { CLASSES, KEPT, PHASES, WAITS_FOR } from '../../native/vocabulary.js';
import { packed, packedRows, type Watchable, type Watcher } from '../told.js';
import type { EndedCall, Told } from '../told-types.js';
import { drawnTree, HOLD_FIELDS, NODE_FIELDS } from './drawn-tree.js';
import type { RecordedAgent, Recording } from './recording.js';

/** Calls that a page gets; of a longer recording the latest. */
const MOST_CALLS = 100_000;
const MOST_ROWS = 4_096;
const AGENT_FIELDS = [
  ...(['id', 'phase', 'calls', 'promptTokens', 'cachedTokens', 'computedTokens', 'outputTokens'] as const),
  ...(['lostTokens', 'waitedMs', 'actingMs'] as const),
];
const REQUEST_FIELDS = ['id', 'program', 'class', 'waitsFor', 'promptTokens', 'cachedTokens', 'outputTokens'] as const;
const EMPTY = packed({ fields: [], rows: new Float64Array() });

/** A recording to those who watch: one moment, its end, with all calls. */
export class RecordedFeed implements Watchable {
  readonly #event: string;

  /** `name`: of the file, to be shown. */
  constructor(recording: Recording, name: string) {
    this.#event = `data: ${JSON.stringify(momentOf(recording, name))}\n\n`;
  }

  watch(watcher: Watcher): () => void {
    watcher(this.#event);
    return () => {};
  }
}

/** What the inspector shows of a recording. */
export function momentOf(recording: Recording, name: string): Told {
  const { nodes, holds, leftOut } = drawnTree(recording);
  const agents = [...recording.agents.values()].filter(({ id }) => id !== 0);
  const open = [...recording.requests.values()].filter(({ ended }) => !ended);
  const { calls } = recording;
  const { pages, pageTokens } = recording.header.engine ?? {};
  return {
    model: name,
    recorded: `a recording of ${calls.length.toLocaleString('en')} calls${calls.length > MOST_CALLS ? `, the latest ${MOST_CALLS.toLocaleString('en')} shown` : ''}, of an engine with ${pages} pages of ${pageTokens} tokens`,
    words: { kept: KEPT, waitsFor: WAITS_FOR, classes: CLASSES, phases: PHASES },
    tables: {
      nodes: packedRows(NODE_FIELDS, nodes),
      holds: packedRows(HOLD_FIELDS, holds),
      requests: packedRows(
        REQUEST_FIELDS,
        open.slice(0, MOST_ROWS).map(({ submit: { request, program, class: named }, place: { length } }) => {
          const at = (CLASSES as readonly string[]).indexOf(named);
          const tokens = { promptTokens: length, cachedTokens: 0, outputTokens: 0 };
          return { id: request, program, class: at, waitsFor: 0, ...tokens };
        }),
      ),
      programs: packedRows(AGENT_FIELDS, agents.slice(0, MOST_ROWS).map(rowOf)),
      steps: EMPTY,
    },
    pages: { rows: '' },
    pagesPerCell: 1,
    nodesLeftOut: leftOut,
    waitingLeftOut: Math.max(0, open.length - MOST_ROWS),
    programsLeftOut: Math.max(0, agents.length - MOST_ROWS),
    pagesTotal: pages ?? 0,
    pagesFree: 0,
    pageTokens: pageTokens ?? 0,
    sums: { ...sumOf(calls), pagesEvicted: 0 },
    nowMs: calls.at(-1)?.atMs ?? 0,
    calls: calls.slice(-MOST_CALLS),
  };
}

const sumOf = (calls: readonly EndedCall[]) => ({
  promptTokens: calls.reduce((sum, call) => sum + call.promptTokens, 0),
  cachedTokens: calls.reduce((sum, call) => sum + call.cachedTokens, 0),
});

const rowOf = ({ phase, ...agent }: RecordedAgent) => {
  return { ...agent, phase: PHASES.indexOf(phase), waitedMs: Number.NaN };
};
