import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { EngineOptions } from '../../src/index.js';
import { post, startLlamaServer } from '../../testing/remote/llama-server.js';
import { type Resident, residentOf } from './resident.js';

export const CHAT = { question: 'Name three rivers of Europe, in one sentence.', maxTokens: 64 };

/** A process that holds a model, and its memory at three points. */
export interface Measured {
  name: string;
  loaded: Resident;
  chatted: Resident;
  /** Half of a context written. */
  filled: Resident;
  /** What its pages would take if all were written; llama-server does not tell. */
  poolBytes?: number | undefined;
}

/** `half`: tokens of half a context. */
export async function measureBanyan(name: string, options: EngineOptions, half: number): Promise<Measured> {
  const child = fork(new URL('./banyan-process.mjs', import.meta.url), { execArgv: [] });
  try {
    const { poolBytes } = await ask(child, 'load', { ...options });
    const loaded = residentOf(child.pid as number);
    await ask(child, 'chat', CHAT);
    const chatted = residentOf(child.pid as number);
    await ask(child, 'fill', { tokens: half, each: 2_000 });
    return { name, loaded, chatted, filled: residentOf(child.pid as number), poolBytes };
  } finally {
    child.kill();
  }
}

async function ask(child: ChildProcess, step: string, options: object): Promise<{ poolBytes?: number }> {
  child.send({ step, options });
  const [answer] = (await once(child, 'message')) as [{ said: { poolBytes?: number } } | { error: string }];
  if ('error' in answer) throw new Error(`${step}: ${answer.error}`);
  return answer.said;
}

/** llama-server with its defaults but for the context, and threads as ours. */
export async function measureLlamaServer(
  binary: string,
  model: string,
  context: number,
  threads: number,
): Promise<Measured> {
  const { child, url } = await startLlamaServer(binary, ['-m', model, '-c', `${context}`, '-t', `${threads}`]);
  try {
    const loaded = residentOf(child.pid as number);
    const messages = [{ role: 'user', content: CHAT.question }];
    await post(`${url}/v1/chat/completions`, { messages, max_tokens: CHAT.maxTokens, temperature: 0 });
    const chatted = residentOf(child.pid as number);
    const prompt = Array.from({ length: context / 2 }, (_, i) => 300 + ((i * 31) % 900));
    await post(`${url}/completion`, { prompt, n_predict: 1 });
    return { name: 'llama-server', loaded, chatted, filled: residentOf(child.pid as number) };
  } finally {
    child.kill();
  }
}
