import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Path of a Chromium; undefined: there is none, and what needs it is skipped. */
export const browser = process.env.CHROMIUM ?? BROWSERS.find((path) => existsSync(path));
if (!browser) console.log('The inspector is not opened: no Chromium (CHROMIUM=<path>)');

/** A path for a picture that is kept to be looked at: in test/artefacts, or where BANYAN_ARTEFACTS says. */
export function artefact(name: string): string {
  const folder = process.env.BANYAN_ARTEFACTS ?? resolve(import.meta.dirname, '../artefacts');
  mkdirSync(folder, { recursive: true });
  return join(folder, name);
}
