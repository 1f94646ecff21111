import type { Readable, Writable } from 'node:stream';

/** Where a conversation is typed and shown: the process's own streams, or those of a test. */
export interface Screen {
  input: Readable;
  /** Answers. */
  output: Writable;
  /** Everything else. */
  notes: Writable & { isTTY?: boolean | undefined };
  /** Lines are typed: they can be edited, and a prompt is shown. */
  typed: boolean;
}

/** The terminal of this process, or what its input and output are instead. */
export const processScreen = (): Screen => ({
  input: process.stdin,
  output: process.stdout,
  notes: process.stderr,
  typed: Boolean(process.stdin.isTTY && process.stdout.isTTY),
});
