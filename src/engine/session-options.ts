import type { ChatMessage } from '../chat/chat-message.js';
import { toChatSettings } from '../chat/chat-options.js';
import { toConversation } from '../chat/conversation.js';
import { readMessages } from '../chat/read-prompt.js';
import type { ToolSpec } from '../chat/tool-spec.js';
import type { OnOverflow } from '../chat/trim-history.js';
import { checkOneOf, checkText } from '../kit/option-checks.js';
import { readList } from '../kit/read-options.js';
import { readTurnOptions } from './read-turn-options.js';
import { TURN_KEYS, type TurnOptions, toRequestSettings } from './request-options.js';

/** The other options are defaults for every turn. */
export interface SessionOptions extends Omit<TurnOptions, 'signal' | 'schema'> {
  system?: string | undefined;
  /** What was said before, e.g. examples. */
  messages?: readonly ChatMessage[] | undefined;
  tools?: readonly ToolSpec[] | undefined;
  tenant?: string | undefined;
  /**
   * When a turn no longer fits the context. `error`: it rejects with PROMPT_TOO_LONG, and the session stays as it was.
   * `trim`: the session forgets its oldest messages, a call always with its results, until half the context is free; first
   * instructions, tools, what is said now, the last user's message and the last turn stay, `lastTurn.dropped` says how many
   * went. Default `error`: a model that has forgotten a call may make it again, also one that had an effect.
   */
  onOverflow?: OnOverflow | undefined;
}

/** The checked parts of SessionOptions. */
export interface SessionSetup {
  opening: readonly ChatMessage[];
  tools: readonly ToolSpec[];
  tenant: string;
  onOverflow: OnOverflow;
  defaults: TurnOptions;
}

/** The names of SessionOptions. */
export const SESSION_KEYS: readonly string[] = [
  ...['system', 'tools', 'messages', 'tenant', 'onOverflow'],
  ...TURN_KEYS.filter((key) => key !== 'signal' && key !== 'schema'),
];

/** Throws INVALID_OPTION and INVALID_MESSAGES now rather than in the first turn. */
export function toSessionSetup(options: SessionOptions): SessionSetup {
  const read = readTurnOptions(options, SESSION_KEYS);
  const { system, messages: said = [], tools = [], tenant = '', onOverflow = 'error', ...defaults } = read;
  const messages = readList('messages', said, 'a list of messages');
  toRequestSettings({ ...defaults, tenant }, ['tenant']);
  toChatSettings({ ...defaults, tools }, undefined);
  checkOneOf('onOverflow', onOverflow, ['error', 'trim']);
  if (system !== undefined) checkText('system', system);
  const opening: ChatMessage[] = [
    ...(system === undefined ? [] : [{ role: 'system' as const, content: system.toWellFormed() }]),
    ...(messages.length === 0 ? [] : readMessages(messages)),
  ];
  if (opening.length > 0) toConversation(opening, false);
  return { opening, tools, tenant, onOverflow, defaults };
}
