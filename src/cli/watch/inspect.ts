import { basename } from 'node:path';
import { RecordedFeed } from '../../inspector/recorded/recorded-feed.js';
import { type Recording, readRecording } from '../../inspector/recorded/recording.js';
import type { EndedCall } from '../../inspector/told-types.js';
import { invalidOption } from '../../kit/option-checks.js';
import { number } from '../../native/option-kinds.js';
import { serveRecording } from '../../server/inspector/serve-recording.js';
import { ProgressLine } from '../progress/progress-line.js';
import type { Stop } from '../stop.js';

/** The table of what an agent is named by. */
export const AGENT = {
  /** Number of an agent run in a recording, 0 to 9,007,199,254,740,991. */
  agent: number({ min: 0, max: Number.MAX_SAFE_INTEGER, whole: true }),
};

export interface InspectFlags {
  /** Its calls are printed; no page is served. */
  agent?: number;
  json: boolean;
  port: number;
}

/** `banyan inspect`: the inspector's page over a recording, until a signal comes; or one agent's calls, printed. */
export async function inspect(path: string, { agent, json, port }: InspectFlags, stop: Stop): Promise<void> {
  const line = new ProgressLine();
  const recording = await readRecording(
    path,
    ({ lines, fraction }) => line.show(`Reading ${basename(path)}`, fraction, `${lines.toLocaleString('en')} lines`),
    stop.signal,
  ).finally(() => line.end());
  if (agent !== undefined) return print(callsOf(recording, agent), json);
  const page = await serveRecording(new RecordedFeed(recording, basename(path)), port);
  process.stdout.write(`${page.url}\n`);
  await stop.requested();
  await page.close();
}

function callsOf({ calls, agents }: Recording, agent: number): EndedCall[] {
  if (!agents.has(agent)) {
    const known = [...agents.keys()].slice(0, 20).join(', ');
    throw invalidOption('agent', `an agent of the recording (${known}${agents.size > 20 ? ' ...' : ''})`, agent);
  }
  return calls.filter(({ program }) => program === agent);
}

function print(calls: readonly EndedCall[], json: boolean): void {
  const lines = calls.map((call) => {
    if (json) return JSON.stringify({ call: call.number, ...call });
    const first = call.ttftMs === null ? '' : `, first token after ${Math.round(call.ttftMs)} ms`;
    return `call ${call.number}: ${call.miss}${first}, ${call.outputTokens} tokens of answer, ${call.reason}`;
  });
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}
