import type { ChatMessage, EngineOptions } from '../../src/index.js';
import { FERRY } from './ferry.js';
import type { Said, Work } from './work.js';

const CALLS = 4;
const TOKENS = 96;
const TARGETS: Record<string, number> = { 'Gemma 3 270M': 1.1 };
/** What the best of llama-server's settings must be beaten by. */
const PEER_TARGET = 1.15;
/** A call that was made, as the next prompt has it, and what it gave. Chat templates of small models know no role of tools. */
const told = (call: string, n: number) => [
  { role: 'assistant' as const, content: call },
  { role: 'user' as const, content: `Booked, number ${1000 + n}. Book the way back as well.` },
];

/** What is asked of an agent: calls that resemble each other, each after the result of the last one. */
const goal = (index: number): ChatMessage => ({ role: 'user', content: FERRY.text(index) });

/** An agent of some calls on a trained model, which must call its tool each time. */
export function agentLoop(of: string, model: EngineOptions): Work {
  return {
    name: `agent loop, ${of}`,
    ...(TARGETS[of] !== undefined && { target: TARGETS[of] }),
    peerTarget: PEER_TARGET,
    model,
    async call(engine, index, how): Promise<Said> {
      const options = { temperature: 0, maxTokens: TOKENS, ...FERRY.ours, ...how };
      const messages: ChatMessage[] = [goal(index)];
      const tokens: number[] = [];
      for (let n = 0; n < CALLS; n++) {
        const answer = await engine.generate(messages, options);
        tokens.push(...answer.tokens);
        messages.push(...told(answer.toolCalls[0]?.arguments ?? answer.text, n));
      }
      return { outputTokens: tokens.length, tokens };
    },
    async peer(ask, index) {
      const messages: ChatMessage[] = [goal(index)];
      let tokens = 0;
      for (let n = 0; n < CALLS; n++) {
        const { usage, choices } = await ask({ messages, temperature: 0, max_tokens: TOKENS, ...FERRY.theirs });
        tokens += usage.completion_tokens;
        const said = choices[0]?.message;
        messages.push(...told(said?.tool_calls?.[0]?.function.arguments ?? said?.content ?? '', n));
      }
      return tokens;
    },
  };
}
