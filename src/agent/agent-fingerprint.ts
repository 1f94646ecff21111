import { createHash } from 'node:crypto';
import { toTemplateTools } from '../chat/tool-spec.js';
import { canonicalJson } from '../kit/canonical-json.js';
import type { AgentOptions } from './agent-options.js';
import type { HostSession } from './host.js';
import type { Fingerprint } from './journal/fingerprint.js';
import type { Limits } from './limits.js';

/** The fingerprint of an agent with these options. */
export function fingerprint(agent: AgentOptions<HostSession>, limits: Limits): Fingerprint {
  const {
    engine,
    system = '',
    tools = [],
    limits: _limits,
    forceTools = 0,
    seed: _seed,
    audit: _audit,
    ...options
  } = agent;
  const { class: _class, predictor, deadlineMs, ttftLimitMs, group, cache, ...telling } = options; // those decide when, not what
  const { maxSteps, maxToolCalls, maxTokens, toolResultLimit } = limits;
  return {
    model: engine.info.digest,
    system: hash(system),
    tools: hash(canonicalJson(toTemplateTools(tools))),
    options: canonicalJson(telling),
    limits: canonicalJson({ maxSteps, maxToolCalls, maxTokens, toolResultLimit, forceTools }),
  };
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
