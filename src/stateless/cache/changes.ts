/** What of a prompt may be changed on its way to the model. */
export type ChangeKind = 'billing-header' | 'late-system' | 'tool-order' | 'tool-schema' | 'rule';

/** Something of a request that the model reads otherwise than it was sent, and where. */
export interface Change {
  kind: ChangeKind;
  /** For the response's header, such as `tools[1].parameters (...)`. */
  what: string;
}

/** How many requests had a change of each kind, since the server began. */
export class ChangeCounts {
  readonly #counts = new Map<ChangeKind, number>();

  add(changes: readonly Change[]): void {
    for (const kind of new Set(changes.map((change) => change.kind))) {
      this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    }
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort());
  }
}
