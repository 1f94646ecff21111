import { type ChatMessage, checkMessages, type ToolMessage } from '../../chat/chat-message.js';
import type { Usage } from '../../engine/generation.js';
import { checkTurn } from '../../engine/turn.js';
import { BanyanError } from '../../kit/errors.js';
import { checkFlag, checkInteger, checkKeys, checkNumber, checkOneOf, checkText } from '../../kit/option-checks.js';
import { STOP_REASONS } from '../agent-events.js';
import { FINGERPRINT_KEYS, type Fingerprint } from './fingerprint.js';
import { JOURNAL_VERSION, type JournalEntry } from './journal.js';

const TYPES = ['run', 'turn', 'call', 'result', 'end'] as const;
const MOST = 2 ** 31;

/** One entry by itself, from a source that may be damaged or forged. Throws INVALID_*. */
export function checkEntry(value: unknown): JournalEntry {
  const entry = Object(value) as JournalEntry;
  checkOneOf('type', entry.type, TYPES);
  switch (entry.type) {
    case 'run':
      checkVersion(entry.version);
      checkKeys('entry', entry, ['type', 'version', 'id', 'seed', 'input', 'agent']);
      return {
        type: entry.type,
        version: JOURNAL_VERSION,
        id: checkText('id', entry.id),
        seed: checkInteger('seed', entry.seed, 0, 2 ** 32 - 1),
        input: checkInput(entry.input),
        agent: checkFingerprint(entry.agent),
      };
    case 'turn':
      checkKeys('entry', entry, ['type', 'step', 'turn', 'usage', 'read']);
      return {
        type: entry.type,
        step: checkStep(entry),
        turn: checkTurn(entry.turn),
        usage: checkUsage(entry.usage),
        ...(entry.read !== undefined && { read: checkResults(entry.read) }),
      };
    case 'call':
      checkKeys('entry', entry, ['type', 'step', 'index', 'key']);
      return { type: entry.type, step: checkStep(entry), index: checkIndex(entry), key: checkText('key', entry.key) };
    case 'result':
      checkKeys('entry', entry, ['type', 'step', 'index', 'ok', 'content', 'ms']);
      return {
        type: entry.type,
        step: checkStep(entry),
        index: checkIndex(entry),
        ok: checkFlag('ok', entry.ok),
        content: checkText('content', entry.content),
        ms: checkNumber('ms', entry.ms, 0, MOST),
      };
    case 'end':
      checkKeys('entry', entry, ['type', 'stopReason']);
      return { type: entry.type, stopReason: checkOneOf('stopReason', entry.stopReason, STOP_REASONS) };
  }
}

/** An earlier one does not say which weights its tokens are of: going on with others would be another run. */
function checkVersion(version: unknown): void {
  if (version === JOURNAL_VERSION) return;
  const whose = version === 1 ? ': an earlier Banyan wrote it, which did not note the weights of its model' : '';
  throw new BanyanError('INVALID_OPTION', `version must be ${JOURNAL_VERSION}${whose}`, { field: 'version' });
}

/** A user's text or messages. Throws INVALID_MESSAGES. */
export function checkInput(input: string | readonly ChatMessage[]): string | readonly ChatMessage[] {
  if (typeof input !== 'string') checkMessages(input);
  return input;
}

function checkResults(read: readonly ToolMessage[]): readonly ToolMessage[] {
  checkMessages(read);
  for (const { role } of read) checkOneOf('read', role, ['tool']);
  return read;
}

const checkStep = ({ step }: { step: number }) => checkInteger('step', step, 0, MOST);
const checkIndex = ({ index }: { index: number }) => checkInteger('index', index, 0, MOST);

function checkFingerprint(agent: Fingerprint): Fingerprint {
  checkKeys('agent', agent, FINGERPRINT_KEYS);
  for (const key of FINGERPRINT_KEYS) checkText(`agent.${key}`, agent[key]);
  return agent;
}

/** The numbers of a usage that a run adds up; the rest is only shown. */
function checkUsage(usage: Usage): Usage {
  for (const key of ['promptTokens', 'cachedTokens', 'computedTokens', 'outputTokens'] as const) {
    if (key === 'cachedTokens' && Object(usage)[key] === null) continue; // not known
    checkInteger(`usage.${key}`, Object(usage)[key], 0, MOST);
  }
  for (const key of ['ttftMs', 'queueMs'] as const) checkNumber(`usage.${key}`, usage[key], 0, MOST);
  return usage;
}
