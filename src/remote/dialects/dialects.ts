import { BANYAN } from './banyan.js';
import { COMPLETIONS } from './completions.js';
import type { Dialect, DialectName } from './dialect.js';
import { LLAMA_SERVER } from './llama-server.js';

/** Every engine whose tokens are known, and what it speaks. */
export const DIALECTS: readonly Dialect[] = [...COMPLETIONS, LLAMA_SERVER, BANYAN];

/** The dialect of that name; undefined: there is none. */
export function dialectNamed(name: DialectName): Dialect | undefined {
  return DIALECTS.find((dialect) => dialect.name === name);
}

/** Who a list of models says that it is owned by. */
const OWNERS: Readonly<Record<string, DialectName>> = {
  vllm: 'vllm',
  sglang: 'sglang',
  tensorrt_llm: 'trtllm',
  llamacpp: 'llama-server',
  banyan: 'banyan',
};

/** The dialect of a server by the owner of its models; undefined: it is not known. */
export function dialectOwnedBy(owner: unknown): Dialect | undefined {
  const name = typeof owner === 'string' ? OWNERS[owner] : undefined;
  return name && dialectNamed(name);
}
