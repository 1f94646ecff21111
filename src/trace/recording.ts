import { randomBytes } from 'node:crypto';
import { finished } from 'node:stream/promises';
import { BanyanError } from '../kit/errors.js';
import { checkName, invalidOption } from '../kit/option-checks.js';
import { readTable } from '../kit/option-table.js';
import { createPrivate } from '../kit/private-file.js';
import { flag, type OptionsOf, word } from '../native/option-kinds.js';
import type { NativeModelInfo } from '../native/reports/model-info.js';
import type { TraceTokens } from './format.js';
import { Recorder } from './recorder.js';

/** The table of RecordOptions. */
export const RECORD = {
  /**
   * Tokens as they are written. `hashed`: ids that show which prompts begin alike, and nothing else; tools are numbered, tenants
   * too. `ids`: the model's token ids and the tools' names; a reader who has the model too can read the prompts. Default
   * `hashed`.
   */
  tokens: word<TraceTokens>(['hashed', 'ids'], 'hashed'),
  /** Leave to take the place of a file that is there. Default false: such a path is refused. */
  overwrite: flag(false),
};

/** What a recording keeps, and where. */
export interface RecordOptions extends OptionsOf<typeof RECORD> {}

/** A recording under way. A disk that is full ends it, not the engine: `stop()` then rejects. */
export class Recording implements AsyncDisposable {
  readonly path: string;
  readonly #stop: () => Promise<void>;
  #stopped: Promise<void> | undefined;

  private constructor(path: string, stop: () => Promise<void>) {
    this.path = path;
    this.#stop = stop;
  }

  /** `attach` puts the recorder in its place, and takes it away with undefined. Rejects with INVALID_OPTION. */
  static async start(
    path: string,
    given: RecordOptions,
    info: NativeModelInfo,
    attach: (recorder: Recorder | undefined) => void,
  ): Promise<Recording> {
    if (checkName('path', path) === '') throw invalidOption('path', 'a path', path);
    const { tokens = 'hashed', overwrite = false } = readTable('options', given, RECORD);
    const stream = (await openFile(path, overwrite)).createWriteStream();
    let attached = true;
    const detach = () => {
      if (attached) attach(undefined); // once: another recording may have taken the place
      attached = false;
    };
    const written = finished(stream);
    written.catch(detach); // reported by stop()
    const secret = randomBytes(8);
    const key = [secret.readInt32LE(0), secret.readInt32LE(4)] as const;
    attach(new Recorder(info, { tokens, key }, (line) => void stream.write(`${JSON.stringify(line)}\n`)));
    return new Recording(path, async () => {
      detach();
      stream.end();
      await written.catch((cause: Error) => {
        throw new BanyanError('RECORDING_FAILED', `${path} could not be written: ${cause.message}`, { cause });
      });
    });
  }

  /** Rejects with RECORDING_FAILED when not everything could be written. Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    this.#stopped.catch(() => {}); // need not be awaited
    return this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

async function openFile(path: string, overwrite: boolean) {
  try {
    return await createPrivate(path, overwrite);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === 'EEXIST' ? 'it is there already (pass `overwrite: true`, or another path)' : message;
    throw new BanyanError('INVALID_OPTION', `${path} cannot be written: ${why}`, { field: 'path', cause });
  }
}
