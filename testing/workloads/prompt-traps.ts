import { randomUUID } from 'node:crypto';
import type { LintName } from '../../src/doctor/doctor.js';
import { type ChatMessage, canonicalJson, type GenerateOptions, type ToolSpec } from '../../src/index.js';

/** What a client sends in a turn. */
export interface Sent {
  messages: ChatMessage[];
  options?: GenerateOptions;
}

/** A client that sends its whole conversation each time. `said`: all that was said, the new question last. */
export type Client = (turn: number, said: readonly ChatMessage[]) => Sent;

export interface Trap {
  /** Name that the doctor gives it, and the fields that it may name. */
  lint: LintName;
  field: RegExp;
  trap: Client;
  /** The same, with the advice followed. */
  mended: Client;
  /** Not in a log of bodies. */
  liveOnly?: boolean;
}

const INSTRUCTIONS = `You answer questions of guests of a ferry line. ${'Be brief, be polite, and name the pier. '.repeat(8)}`;
const with_ = (system: string, said: readonly ChatMessage[], options?: GenerateOptions): Sent => ({
  messages: [{ role: 'system', content: system }, ...said],
  ...(options && { options }),
});
const plain: Client = (_turn, said) => with_(INSTRUCTIONS, said);

const tool = (name: string, about: string): ToolSpec => ({
  name,
  description: `${about} It is to be called with all that is known, and only once for each question.`,
  parameters: { type: 'object', properties: { place: { type: 'string' }, day: { type: 'string' } } },
});
const TOOLS = [
  tool('departures', 'All ferries that leave a pier.'),
  tool('fares', 'What a ticket costs.'),
  tool('weather', 'Waves.'),
];
const turned = <Item>(list: readonly Item[], by: number) => [
  ...list.slice(by % list.length),
  ...list.slice(0, by % list.length),
];
const swapped = ({ parameters, ...rest }: ToolSpec, turn: number): ToolSpec => ({
  ...rest,
  parameters: turn % 2 ? Object.fromEntries(Object.entries(parameters).reverse()) : parameters,
});
const FILES = Array.from({ length: 12 }, (_, index) => `src/piers/pier-of-island-${index}.ts`);
const NOTES = [
  'The pier of Moss is closed for repairs, guests go by bus to the next one.',
  'A storm is expected at night, late ferries may stay in the harbour until it is over.',
  'There is a market in Horten, so that the ferries of the morning will be full.',
];
const ROLES = ['', 'Speak as an old sailor, in rhymes.', 'Write for children of six, with a joke.'];
const withNews = (last: ChatMessage, news: string) => ({ ...last, content: `${last.content}\n${news}` }) as ChatMessage;

/** Prompts that keep a call from reusing what came before it, and the same with the advice followed, by what they do. */
export const TRAPS: Readonly<Record<string, Trap>> = {
  'a clock in the instructions': {
    ...{ lint: 'clock', field: /^messages\[0\]\.content$/, mended: plain },
    trap: (turn, said) => with_(`Now: 2026-11-26T10:0${turn}:12Z\n${INSTRUCTIONS}`, said),
  },
  'a random id': {
    ...{ lint: 'random-id', field: /^messages\[0\]\.content$/, mended: plain },
    trap: (_turn, said) => with_(`Request ${randomUUID()}\n${INSTRUCTIONS}`, said),
  },
  'a counter': {
    ...{ lint: 'counter', field: /^messages\[0\]\.content$/, mended: plain },
    trap: (turn, said) => with_(`This is call ${turn + 17} of the guest.\n${INSTRUCTIONS}`, said),
  },
  'a header that changes': {
    ...{ lint: 'changing-header', field: /^messages\[0\]\.content$/, mended: plain },
    trap: (turn, said) => with_(`Working directory: /home/${'abc'[turn]}\n${INSTRUCTIONS}`, said),
  },
  'tools in another order, in a text': {
    ...{ lint: 'reordered-tools', field: /^messages\[0\]\.content$/ },
    trap: (turn, said) => with_(`Tools: ${JSON.stringify(turned(TOOLS, turn))}\n${INSTRUCTIONS}`, said),
    mended: (_turn, said) => with_(`Tools: ${JSON.stringify(TOOLS)}\n${INSTRUCTIONS}`, said),
  },
  'tools that come and go': {
    ...{ lint: 'tools-changed', field: /^tools\[\d\]$/ },
    trap: (turn, said) => with_(INSTRUCTIONS, said, { tools: turn === 1 ? TOOLS.slice(1) : TOOLS }),
    mended: (_turn, said) => with_(INSTRUCTIONS, said, { tools: TOOLS }),
  },
  'a schema whose keys move': {
    ...{ lint: 'unstable-json', field: /^tools\[0\](\.function)?\.parameters$/ },
    trap: (turn, said) => with_(INSTRUCTIONS, said, { tools: TOOLS.map((one) => swapped(one, turn)) }),
    mended: (_turn, said) => with_(INSTRUCTIONS, said, { tools: TOOLS }),
  },
  'JSON in a text whose keys move': {
    ...{ lint: 'unstable-json', field: /^messages\[0\]\.content$/ },
    trap: (turn, said) =>
      with_(
        `Profile: ${JSON.stringify(Object.fromEntries(turned(Object.entries({ name: 'Ada', seats: 4, car: false }), turn)))}\n${INSTRUCTIONS}`,
        said,
      ),
    mended: (_turn, said) =>
      with_(`Profile: ${canonicalJson({ name: 'Ada', seats: 4, car: false })}\n${INSTRUCTIONS}`, said),
  },
  'a list in no order': {
    ...{ lint: 'unstable-order', field: /^messages\[0\]\.content$/ },
    trap: (turn, said) => with_(`${turned(FILES, turn * 5).join('\n')}\n${INSTRUCTIONS}`, said),
    mended: (_turn, said) => with_(`${FILES.join('\n')}\n${INSTRUCTIONS}`, said),
  },
  'what changes before what stays': {
    ...{ lint: 'volatile-first', field: /^messages\[0\]\.content$/ },
    trap: (turn, said) => with_(`${NOTES[turn]}\n\n${INSTRUCTIONS}`, said),
    mended: (turn, said) => {
      const last = said.at(-1) as ChatMessage;
      return with_(INSTRUCTIONS, [...said.slice(0, -1), withNews(last, NOTES[turn] as string)]);
    },
  },
  'other instructions in each turn': {
    ...{ lint: 'system-changed', field: /^messages\[0\]\.content$/ },
    trap: (turn, said) => with_(ROLES[turn] || INSTRUCTIONS, said),
    mended: (turn, said) => {
      const last = said.at(-1) as ChatMessage;
      return with_(INSTRUCTIONS, turn === 0 ? said : [...said.slice(0, -1), withNews(last, ROLES[turn] as string)]);
    },
  },
  'an earlier message that is edited': {
    ...{ lint: 'history-edited', field: /^messages\[1\]\.content$/, mended: plain },
    trap: (turn, said) => {
      const [first, ...rest] = said as [ChatMessage, ...ChatMessage[]];
      return with_(
        INSTRUCTIONS,
        turn === 0
          ? said
          : [{ ...first, content: `${first.content} (${'answered '.repeat(turn)})` } as ChatMessage, ...rest],
      );
    },
  },
  'a window that slides': {
    ...{ lint: 'history-trimmed', field: /^messages\[1\]$/, mended: plain },
    trap: (turn, said) => with_(INSTRUCTIONS, turn === 2 ? said.slice(2) : said),
  },
  'another tenant': {
    ...{ lint: 'other-tenant', field: /^tenant$/, mended: plain },
    trap: (turn, said) => with_(INSTRUCTIONS, said, { tenant: `tenant ${turn}` }),
  },
  'a call outside the cache': {
    ...{ lint: 'cache-off', field: /^cache$/, mended: plain, liveOnly: true },
    trap: (turn, said) => with_(INSTRUCTIONS, said, { cache: turn !== 1 }),
  },
};

/** The question of a turn. */
export const trapQuestion = (turn: number): ChatMessage => ({
  role: 'user',
  content: `Question ${'ABC'[turn]}: which ferry goes to the island, and from where?`,
});
