import { complete } from '../../kit/complete-options.js';
import type { OptionTable } from '../../native/option-kinds.js';
import { REQUEST } from '../../native/request-options.js';
import { SAMPLING } from '../../native/sampling-options.js';
import { cannot, type Dialect, type WireHint, type WireRequest } from './dialect.js';

const NAME = 'banyan';

/** A worker of Banyan's own (`banyan worker`): all that an engine can do with token ids, but for vectors. */
export const BANYAN: Dialect = {
  name: NAME,
  path: '/v1/tokens',
  endsThere: true,
  tokenize: {
    path: '/tokenize',
    body: (prompt) => ({ prompt, add_special_tokens: false }),
  },
  body,
  goesOn: true,
  hint: { path: '/v1/hints', body: hintsBody },
  read: (event) => {
    const { tokens = [], logprobs, promptLogprobs, end, cached, shortened, usage } = event;
    const how = end === 'stop' || end === 'length' ? end : end === undefined ? undefined : 'broken';
    return {
      tokens,
      ...(logprobs !== undefined && { logprobs }),
      ...(promptLogprobs !== undefined && { promptLogprobs }),
      ...(how && { end: how, shortened: shortened === true, usage }),
      ...(typeof cached === 'number' && { cached }),
    };
  },
};

function body(wire: WireRequest): object {
  const { asked, kept, hints = [] } = wire;
  const { program, group, groupSize, staticTokens, boundary, stop, logitBias, sampling } = asked;
  if (asked.chat && !wire.format) throw cannot(NAME, 'messages', 'their format was made by another engine');
  const { gbnf = '', jsonSchema = '' } = (asked.grammar && wire.grammar) || {};
  return {
    prompt: wire.prompt,
    options: {
      ...changed(REQUEST, asked),
      maxTokens: asked.maxTokens === 0 ? 0 : wire.maxTokens,
      ...(kept > 0 && { promptLogprobs: undefined }),
    },
    sampling: changed(SAMPLING, sampling),
    ...(program !== 0 && { client: wire.client, program }),
    ...(group !== 0 && { client: wire.client, group: { id: group, size: groupSize } }),
    ...(wire.salt !== '' && { tenant: wire.salt }),
    ...(staticTokens > 0 && { staticTokens }),
    ...(boundary > 0 && { boundary }),
    ...(stop.length > 0 && { stop }),
    ...(logitBias.length > 0 && { logitBias }),
    ...(wire.format && { format: wire.format }),
    ...(kept > 0 && { begun: kept }),
    ...(hints.length > 0 && hintsBody(hints)),
    ...(jsonSchema !== '' ? { jsonSchema } : gbnf !== '' && { grammar: gbnf }),
  };
}

/** All of one client: this process. */
function hintsBody(hints: readonly WireHint[]): object {
  const bodies = hints.map(({ program, salt, hint: { kind, tool, expectedMs, tokens, steps, from } }) => {
    return { program, kind, tool, expectedMs, tenant: salt, tokens: [...tokens], steps, from };
  });
  return { client: hints[0]?.client, hints: bodies };
}

/** The options of a table that are not what they are when they are left out. */
function changed<Table extends OptionTable>(table: Table, given: object): Record<string, unknown> {
  const standard: Record<string, unknown> = complete(table, {});
  const values = given as Record<string, unknown>;
  const names = Object.keys(table).filter((name) => values[name] !== standard[name]);
  return Object.fromEntries(names.map((name) => [name, values[name]]));
}
