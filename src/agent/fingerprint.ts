import { createHash } from 'node:crypto';
import { canonicalJson } from '../engine/canonical-json.js';
import { BanyanError } from '../engine/errors.js';
import { toTemplateTools } from '../engine/tool-spec.js';
import type { AgentOptions } from './agent.js';
import type { Limits } from './limits.js';

/** Everything that decides a run's tokens besides its input and seed. Texts that may be long, or secret, as hashes. */
export type Fingerprint = Record<'model' | 'system' | 'tools' | 'options' | 'limits', string>;

export const FINGERPRINT_KEYS = ['model', 'system', 'tools', 'options', 'limits'] as const;

export function fingerprint(agent: AgentOptions, limits: Limits): Fingerprint {
  const { engine, system = '', tools = [], limits: _limits, forceTools = 0, seed: _seed, ...options } = agent;
  const { class: _class, deadlineMs, ttftLimitMs, group, cache, ...telling } = options; // those decide when, not what
  const { maxSteps, maxToolCalls, maxTokens, toolResultLimit } = limits;
  return {
    model: engine.info.digest,
    system: hash(system),
    tools: hash(canonicalJson(toTemplateTools(tools))),
    options: canonicalJson(telling),
    limits: canonicalJson({ maxSteps, maxToolCalls, maxTokens, toolResultLimit, forceTools }),
  };
}

/** Throws JOURNAL_MISMATCH naming what differs. */
export function checkSameAgent(recorded: Fingerprint, own: Fingerprint): void {
  const different = FINGERPRINT_KEYS.filter((key) => recorded[key] !== own[key]);
  if (different.length === 0) return;
  const message = `The journal is of a run with other ${different.join(', ')}: resume it with the agent that began it`;
  throw new BanyanError('JOURNAL_MISMATCH', message, { field: different[0] });
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
