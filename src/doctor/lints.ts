/** What keeps a call from reusing what came before it, by name. */
export type LintName = keyof typeof LINTS;

/** What each lint means, and what to do about it, in a sentence each. */
export const LINTS = {
  clock: {
    what: 'a time or date that changes from call to call',
    remedy: 'Leave it out, round it to what the model needs, or tell it behind the latest question.',
  },
  'random-id': {
    what: 'a random id that is new in each call',
    remedy: 'Leave it out: the model needs no id that changes; keep it in the metadata of the request.',
  },
  counter: {
    what: 'a number that changes from call to call',
    remedy: 'Leave it out, or tell it behind the latest question.',
  },
  'changing-header': {
    what: 'a header line with another value in each call',
    remedy: 'Leave the line out, or move it behind the latest question (the server does it with --rules).',
  },
  'reordered-tools': {
    what: 'the same tools in another order',
    remedy: 'List tools in one order, such as by name. Banyan sorts `tools` by itself, but no list inside a text.',
  },
  'tools-changed': {
    what: 'another set of tools, or another description of one',
    remedy: 'Give every call of an agent the same tools, and narrow them by tool_choice.',
  },
  'unstable-json': {
    what: 'an equal JSON value, written with other spaces or keys in another order',
    remedy: 'Write JSON in one form: sorted keys and fixed spaces, as canonicalJson() does.',
  },
  'unstable-order': {
    what: 'the same items in another order',
    remedy: 'Sort what comes from a set, a map or a folder before it goes into a prompt.',
  },
  'template-rewrites-history': {
    what: 'a chat template that writes what was said otherwise in later calls',
    remedy: 'Continue a session (engine.session, Agent) or the server with history "exact": they keep the tokens.',
  },
  'volatile-first': {
    what: 'a text that changes before one that does not',
    remedy: 'Put what stays the same first, and what changes behind it, at best in the latest question.',
  },
  'system-changed': {
    what: 'other instructions in the same conversation',
    remedy: 'Keep the instructions of a conversation, and tell what is new in a later message.',
  },
  'history-edited': {
    what: 'an earlier message that was changed, or put in between',
    remedy: 'Only append to a conversation: say corrections in a new message.',
  },
  'history-trimmed': {
    what: 'earlier messages that were left out',
    remedy: 'Trim seldom and much at once, behind a fixed beginning, rather than a message in each call.',
  },
  'other-model': {
    what: 'another model: models share no cache',
    remedy: 'Stay with one model in a conversation, or give the other one a short summary.',
  },
  'other-template': {
    what: 'other options that the chat template shows, such as thinking or a schema',
    remedy: 'Keep the options of a conversation; a schema need not be shown by the template.',
  },
  'other-tenant': {
    what: 'another tenant: tenants share no cache',
    remedy: 'Ask for one conversation, or for what all may share, under one tenant.',
  },
  evicted: {
    what: 'nothing changed, but the cache no longer had it',
    remedy: 'Mark the beginning (`cache`, cache_control), pin it, or load with more kvTokens.',
  },
  'no-state': {
    what: 'nothing changed, but the state of the recurrent layers was saved earlier only',
    remedy: 'Continue sessions, which save their state at each end, or load with more `stateBytes`.',
  },
  'cache-off': {
    what: 'a call that takes no part in the cache',
    remedy: 'Leave out `cache: false` and `prefixCache: false`, or take a model whose prefixes can be reused.',
  },
  diverged: {
    what: 'other tokens than the call before had there; the recording has no texts',
    remedy: 'Give the doctor the bodies of the requests, or watch the engine live: that names the field.',
  },
} as const;
