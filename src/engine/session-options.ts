import type { ChatMessage } from './chat-message.js';
import { toConversation } from './conversation.js';
import { TURN_KEYS, type TurnOptions, toRequestSettings } from './generate-options.js';
import { checkText } from './option-checks.js';
import { toChatSettings } from './prompt.js';
import { readList } from './read-options.js';
import { readMessages } from './read-prompt.js';
import { readTurnOptions } from './read-turn-options.js';
import type { ToolSpec } from './tool-spec.js';

/** The other options are defaults for every turn. */
export interface SessionOptions extends Omit<TurnOptions, 'signal' | 'schema'> {
  system?: string | undefined;
  /** What was said before, e.g. examples. */
  messages?: readonly ChatMessage[] | undefined;
  tools?: readonly ToolSpec[] | undefined;
  tenant?: string | undefined;
}

/** The checked parts of SessionOptions. */
export interface SessionSetup {
  opening: readonly ChatMessage[];
  tools: readonly ToolSpec[];
  tenant: string;
  defaults: TurnOptions;
}

/** The names of SessionOptions. */
export const SESSION_KEYS: readonly string[] = [
  ...['system', 'tools', 'messages', 'tenant'],
  ...TURN_KEYS.filter((key) => key !== 'signal' && key !== 'schema'),
];

/** Throws INVALID_OPTION and INVALID_MESSAGES now rather than in the first turn. */
export function toSessionSetup(options: SessionOptions): SessionSetup {
  const { system, messages: said = [], tools = [], tenant = '', ...defaults } = readTurnOptions(options, SESSION_KEYS);
  const messages = readList('messages', said, 'a list of messages');
  toRequestSettings({ ...defaults, tenant }, ['tenant']);
  toChatSettings({ ...defaults, tools }, undefined);
  if (system !== undefined) checkText('system', system);
  const opening: ChatMessage[] = [
    ...(system === undefined ? [] : [{ role: 'system' as const, content: system.toWellFormed() }]),
    ...(messages.length === 0 ? [] : readMessages(messages)),
  ];
  if (opening.length > 0) toConversation(opening, false);
  return { opening, tools, tenant, defaults };
}
