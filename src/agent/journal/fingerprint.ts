import { BanyanError } from '../../kit/errors.js';

/** Everything that decides a run's tokens besides its input and seed. Texts that may be long, or secret, as hashes. */
export type Fingerprint = Record<'model' | 'system' | 'tools' | 'options' | 'limits', string>;

export const FINGERPRINT_KEYS = ['model', 'system', 'tools', 'options', 'limits'] as const;

/** Throws JOURNAL_MISMATCH naming what differs. */
export function checkSameAgent(recorded: Fingerprint, own: Fingerprint): void {
  const different = FINGERPRINT_KEYS.filter((key) => recorded[key] !== own[key]);
  if (different.length === 0) return;
  const message = `The journal is of a run with other ${different.join(', ')}: resume it with the agent that began it`;
  throw new BanyanError('JOURNAL_MISMATCH', message, { field: different[0] });
}
