const MOST = 200;
const LONGEST = 100;

/**
 * What of requests is ignored, a line for each field or tool the first time that it is seen on a route: SDKs do not show the header
 * that names it. Of places in lists the number is left out. After 200 different ones it says so, and is silent: a client writes the names.
 */
export class IgnoredLog {
  readonly #write: (line: string) => void;
  readonly #seen = new Set<string>();

  /** `write`: by default a warning of the process with the code BANYAN_IGNORED. */
  constructor(write: (line: string) => void = warn) {
    this.#write = write;
  }

  tell(path: string, fields: readonly string[]): void {
    for (const field of fields) {
      if (this.#seen.size > MOST) return;
      const name = field
        .slice(0, LONGEST)
        .replace(/[^\x20-\x7e]/g, '?')
        .replace(/\[\d+\]/g, '[]');
      const line = `${path} ignores ${name}: it has no effect here`;
      if (this.#seen.has(line)) continue;
      this.#seen.add(line);
      this.#write(
        this.#seen.size > MOST ? 'More fields are ignored: x-banyan-ignored of each response names them' : line,
      );
    }
  }
}

function warn(line: string): void {
  process.emitWarning(line, { code: 'BANYAN_IGNORED' });
}
