import type { ChatMessage, ToolMessage } from '../../chat/chat-message.js';
import type { Usage } from '../../engine/generation.js';
import type { Turn } from '../../engine/turn.js';
import { asBanyanError, BanyanError, isBanyanError } from '../../kit/errors.js';
import type { StopReason } from '../agent-events.js';
import type { Fingerprint } from './fingerprint.js';

/** 2: knows its model by a digest of the weights. */
export const JOURNAL_VERSION = 2;

/**
 * Where one run writes down what it has and what it is about to do, so that another process can go on with it. A path will
 * do: JSON lines, synchronised to disk. This is for those who have a store of their own.
 */
export interface Journal {
  /** All that was appended, oldest first. It is checked before it is believed. */
  entries(): readonly unknown[] | Promise<readonly unknown[]>;
  /** Resolves once the entry cannot be lost any more; until then nothing that it announces is done. One at a time. */
  append(entry: JournalEntry): void | Promise<void>;
}

/** In this order: a run; for each step its turn, then calls and results as they come; an end. */
export type JournalEntry = JournalRun | JournalTurn | JournalCall | JournalResult | JournalEnd;

export interface JournalRun {
  type: 'run';
  version: typeof JOURNAL_VERSION;
  /** Random. */
  id: string;
  /** Step n samples with seed + n. */
  seed: number;
  input: string | readonly ChatMessage[];
  agent: Fingerprint;
}

/** The model's turn is over, and its tokens are these. Before it is written none of its calls runs. */
export interface JournalTurn {
  type: 'turn';
  step: number;
  turn: Turn;
  usage: Usage;
  /** What it began with, where that is not the results of the step before: they were cut to fit the context. */
  read?: readonly ToolMessage[] | undefined;
}

/** A tool is about to get this call of the turn: from now on it is not known whether it had an effect. */
export interface JournalCall {
  type: 'call';
  step: number;
  index: number;
  /** The tool's `context.idempotencyKey`, made of run, step and index. */
  key: string;
}

/** What the model reads of a call, also of one that no tool ever got. */
export interface JournalResult {
  type: 'result';
  step: number;
  index: number;
  ok: boolean;
  content: string;
  ms: number;
}

export interface JournalEnd {
  type: 'end';
  stopReason: StopReason;
}

/** `at`: counted from 1, so that it is a file's line. */
export function damaged(at: number, why: string, cause?: unknown): BanyanError {
  const advice = 'Nothing was run. A new journal begins again, with tools that this run may have called already';
  return new BanyanError('JOURNAL_INVALID', `Entry ${at} of the journal cannot be used: ${why}. ${advice}`, {
    field: 'journal',
    cause,
  });
}

/** For what a file system or a caller's store throws; our own errors stay as they are. */
export function journalError(what: string, cause: unknown): BanyanError {
  if (isBanyanError(cause)) return cause;
  return new BanyanError('JOURNAL_FAILED', `${what}: ${asBanyanError(cause).message}`, { field: 'journal', cause });
}
