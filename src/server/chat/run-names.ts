import type { IncomingHttpHeaders } from 'node:http';

/** Longest name of a run that is taken from a client, characters. */
const LONGEST = 256;

/** Headers in which clients name the run, or the part of it, that a request belongs to; the first that is there counts. */
const NAMING: readonly (readonly string[])[] = [
  ['x-banyan-program'],
  ['x-claude-code-session-id', 'x-claude-code-agent-id'], // a sub-agent is a run of its own
  ['session-id', 'thread-id'],
  ['session_id', 'thread_id'],
  ['x-session-affinity'],
  ['x-opencode-session'],
  ['x-session-id'],
];

/** The name of the agent run of a request: from its headers, else from its body's `prompt_cache_key`. Undefined: none is given. */
export function runNameOf(headers: IncomingHttpHeaders, cacheKey: string | null | undefined): string | undefined {
  for (const names of NAMING) {
    const [first, second] = names.map((name) => [headers[name]].flat()[0]);
    if (first) return `${names[0]}\n${first.slice(0, LONGEST)}\n${second?.slice(0, LONGEST) ?? ''}`;
  }
  return cacheKey ? `prompt_cache_key\n${cacheKey.slice(0, LONGEST)}` : undefined;
}
