import { number, type OptionsOf } from '../../native/option-kinds.js';
import type { NativeSnapshot } from '../../native/snapshot.js';

export type EngineSnapshot = NativeSnapshot;

/** The table of SnapshotOptions. */
export const SNAPSHOT = {
  /** Nodes of the prefix tree that are shown, 0 to 100,000; the first levels, if there are more. Default 10,000. */
  nodes: number({ min: 0, max: 100_000, whole: true }, 10_000),
  /** Number of the last step that is known, 0 to 9,007,199,254,740,991: later ones are told, of the latest 512. Default 0. */
  sinceStep: number({ min: 0, max: Number.MAX_SAFE_INTEGER, whole: true }, 0),
};

/** How much a snapshot shows. */
export interface SnapshotOptions extends OptionsOf<typeof SNAPSHOT> {}
