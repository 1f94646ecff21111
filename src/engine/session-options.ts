import type { ChatMessage } from '../chat/chat-message.js';
import { TOOLS, toChatSettings } from '../chat/chat-options.js';
import { toConversation } from '../chat/conversation.js';
import { readMessages } from '../chat/read-prompt.js';
import type { ToolSpec } from '../chat/tool-spec.js';
import type { OnOverflow } from '../chat/trim-history.js';
import { readTable } from '../kit/option-table.js';
import { readList } from '../kit/read-options.js';
import { type OptionsOf, other, text, word } from '../native/option-kinds.js';
import { TENANT, TURN, type TurnOptions } from './request-options.js';

/** What a session has besides the defaults of its turns. */
export const SESSION_OWN = {
  /** Instructions that the conversation begins with. Default: none. */
  system: text(),
  /** Messages that were said before, e.g. examples. Default: none. */
  messages: other<readonly ChatMessage[]>('a list of messages', (field, value) =>
    readList(field, value as readonly ChatMessage[], 'a list of messages'),
  ),
  /**
   * What to do when a turn no longer fits the context. `error`: it rejects with PROMPT_TOO_LONG, and the session stays as it
   * was. `trim`: the session forgets its oldest messages, a call always with its results, until half the context is free;
   * first instructions, tools, what is said now, the last user's message and the last turn stay, `lastTurn.dropped` says how
   * many went. Default `error`: a model that has forgotten a call may make it again, also one that had an effect.
   */
  onOverflow: word<OnOverflow>(['error', 'trim'], 'error'),
};

/** The other options are defaults for every turn. */
export interface SessionOptions
  extends Omit<TurnOptions, 'signal' | 'schema'>,
    OptionsOf<typeof TOOLS>,
    OptionsOf<typeof TENANT>,
    OptionsOf<typeof SESSION_OWN> {}

/** The checked parts of SessionOptions. */
export interface SessionSetup {
  opening: readonly ChatMessage[];
  tools: readonly ToolSpec[];
  tenant: string;
  onOverflow: OnOverflow;
  defaults: TurnOptions;
}

const { signal: _signal, schema: _schema, ...DEFAULTS } = TURN;

/** Defaults for the turns of a fork. */
export interface ForkOptions extends Omit<TurnOptions, 'signal' | 'schema'> {}

/** The table of ForkOptions. */
export const FORK = DEFAULTS;

/** The table of what is told of a turn that will come. */
export const NEXT_TURN = { program: TURN.program };

/** The table of SessionOptions. */
export const SESSION = { ...SESSION_OWN, ...TOOLS, ...TENANT, ...DEFAULTS };

/** Throws INVALID_OPTION and INVALID_MESSAGES now rather than in the first turn. */
export function toSessionSetup(options: SessionOptions): SessionSetup {
  const read = readTable('options', options, SESSION);
  const { system, messages = [], tools = [], tenant = '', onOverflow = 'error', ...defaults } = read;
  toChatSettings({ ...defaults, tools }, undefined);
  const opening: ChatMessage[] = [
    ...(system === undefined ? [] : [{ role: 'system' as const, content: system.toWellFormed() }]),
    ...(messages.length === 0 ? [] : readMessages(messages)),
  ];
  if (opening.length > 0) toConversation(opening, false);
  return { opening, tools, tenant, onOverflow, defaults };
}
