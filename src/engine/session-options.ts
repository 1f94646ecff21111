import type { Backend } from '../backend/backend.js';
import type { ChatMessage } from '../chat/chat-message.js';
import { TOOLS, toChatSettings } from '../chat/chat-options.js';
import { toConversation } from '../chat/conversation.js';
import {
  ON_OVERFLOW,
  type OnOverflow,
  OVERFLOW,
  type Overflow,
  type OverflowOptions,
  toOverflow,
} from '../chat/overflow/overflow-options.js';
import { readMessages } from '../chat/read-prompt.js';
import { checkToolsCanBeShown, type ToolSpec } from '../chat/tool-spec.js';
import { invalidOption } from '../kit/option-checks.js';
import { readTable } from '../kit/option-table.js';
import { readList } from '../kit/read-options.js';
import { group, type OptionsOf, other, text, word } from '../native/option-kinds.js';
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
   * was. `results`: tool results of older turns are cut, and it rejects where that is not enough. `trim`: the session forgets
   * its oldest messages, a call always with its results, until half the context is free. `window`: all but its first and its
   * last turns. `compact`: the same, and the model, in a fork of the session, writes a summary that takes their place. Instructions,
   * tools, what is said now, the last user's message and the last turn stay. `result.context` says what was lost. Default
   * `error`: a model that has forgotten a call may make it again, also one that had an effect.
   */
  onOverflow: word<OnOverflow>(ON_OVERFLOW, 'error'),
  /** How it makes room: turns that stay, tool results, summary. Default: as `onOverflow` alone says. */
  overflow: group<OverflowOptions>(OVERFLOW),
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
  overflow: Overflow;
  defaults: TurnOptions;
}

const { signal: _signal, schema: _schema, ...DEFAULTS } = TURN;

/** Defaults for the turns of a fork. */
export interface ForkOptions extends Omit<TurnOptions, 'signal' | 'schema'> {}

/** The table of ForkOptions. */
export const FORK = DEFAULTS;

const { marks: _marks, ...OF_REST } = TURN;

/** Options of the rest of an answer. */
export interface RestOptions<Output = unknown> extends Omit<TurnOptions<Output>, 'marks'> {}

/** The table of RestOptions: no prompt is made in which places could be. */
export const REST = OF_REST;

/** The table of what is told of a turn that will come. */
export const NEXT_TURN = { program: TURN.program };

/** The table of SessionOptions. */
export const SESSION = { ...SESSION_OWN, ...TOOLS, ...TENANT, ...DEFAULTS };

/** What a conversation needs of what computes it. Throws MODEL_UNSUPPORTED, INVALID_OPTION. */
export function checkSetup(backend: Backend, { tools, overflow }: SessionSetup): void {
  checkToolsCanBeShown(backend.info, tools);
  if (backend.inMessages && overflow.how !== 'error') {
    throw invalidOption('onOverflow', 'error: the tokens of a model in chat mode are not known', overflow.how);
  }
}

/** Throws INVALID_OPTION and INVALID_MESSAGES now rather than in the first turn. */
export function toSessionSetup(options: SessionOptions): SessionSetup {
  const read = readTable('options', options, SESSION);
  const { system, messages = [], tools = [], tenant = '', onOverflow = 'error', overflow: how, ...defaults } = read;
  const overflow = toOverflow(onOverflow, how);
  toChatSettings({ ...defaults, tools }, undefined);
  const opening: ChatMessage[] = [
    ...(system === undefined ? [] : [{ role: 'system' as const, content: system.toWellFormed() }]),
    ...(messages.length === 0 ? [] : readMessages(messages)),
  ];
  if (opening.length > 0) toConversation(opening, false);
  return { opening, tools, tenant, overflow, defaults };
}
