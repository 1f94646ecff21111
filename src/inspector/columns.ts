/** A column of a table: its head, and what that means in plain words. */
export interface Column {
  readonly head: string;
  readonly meaning: string;
}

const column = (head: string, meaning: string): Column => ({ head, meaning });

const AGENT = column('agent', 'Number of the agent run; of a client it is a conversation, or what its header names.');
const PROMPT = column('prompt tokens', 'What the model was to read, instructions and history among it.');
const CACHED = column('cached', 'Part of the prompt that was found in the cache and not computed again.');
const COMPUTED = column('computed', 'Tokens that went through the model: the rest of the prompt, and the answer.');

/** The tables of the page. The server writes their heads from this, the page their rows. */
export const COLUMNS = {
  agents: [
    AGENT,
    column('name', 'What its calls are labelled with, where all have the same label.'),
    column(
      'does',
      'reasoning: a call of it waits or runs. acting: between two calls, so its tools run or it is quiet, since its last call ended. human: it waits for a person. finished: it has ended.',
    ),
    column('calls', 'Requests that have ended.'),
    PROMPT,
    CACHED,
    COMPUTED,
    column('output', 'Tokens of its answers.'),
    column('lost', 'Tokens that it had computed before and that were dropped from the cache when it came back.'),
    column('waited ms', 'Milliseconds that its requests waited for a place in a step.'),
    column('tools ms', 'Milliseconds between its calls: its tools, people, or the client.'),
  ],
  life: [
    column('call', 'Place among the calls of this agent. Press it to see where the call ended in the tree.'),
    PROMPT,
    CACHED,
    COMPUTED,
    column('from the cache, and why not all', 'Tokens are counted from 1, messages too.'),
    column('queue ms', 'From its arrival to its first step.'),
    column('first token ms', 'From its arrival to its first token.'),
    column('total ms', 'From its arrival to its end.'),
    column('ended with', 'Tools that it called, or why the answer ended.'),
    column('label', 'What the caller named it; over HTTP the id of the request.'),
  ],
  requests: [
    column('request', 'Number of the request in this engine.'),
    AGENT,
    column('class', 'Who goes first under load: interactive, then workflow, then background.'),
    column('waits for', 'What it needs before it can go on.'),
    column('waited ms', 'Milliseconds without a place in a step, so far.'),
    column('cached / prompt', 'Tokens of the prompt that came from the cache, of all.'),
    column('output', 'Tokens of the answer so far.'),
    column('pages', 'Pages that it holds.'),
  ],
} as const satisfies Readonly<Record<string, readonly Column[]>>;

export type TableName = keyof typeof COLUMNS;
