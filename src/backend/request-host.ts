import type { NativeEngine } from '../native/binding.js';
import type { Recorder } from '../trace/recorder.js';
import type { EventRouter } from './event-router.js';

/** What a request needs of its engine. */
export interface RequestHost {
  readonly native: NativeEngine;
  readonly router: EventRouter;
  readonly closed: boolean;
  /** See EngineOptions. */
  readonly revealMisses?: boolean;
  /** Hears of every request and hint while a recording goes on. */
  readonly recorder?: Recorder | undefined;
  /** An id that no other program of the process has. */
  newProgram(): number;
}
