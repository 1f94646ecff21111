import type { ChatInput } from '../../native/binding.js';
import type { WireFormat } from './dialect.js';

const QUESTION = { role: 'user', content: 'x' };

/**
 * What another engine of Banyan's makes the same format of: how an answer is constrained and read follows from the tools and settings, and
 * of the conversation only from an answer that is begun.
 */
export function wireFormat({ messages, ...settings }: ChatInput): WireFormat {
  if (!settings.continueAnswer) return { ...settings, messages: [QUESTION] };
  const said = Array.isArray(messages) ? messages : (JSON.parse(Buffer.from(messages).toString('utf8')) as object[]);
  return { ...settings, messages: [QUESTION, ...said.slice(-1)] };
}
