import type { ChatInput } from '../../src/native/binding.js';

/** What a chat is rendered with unless a test asks for something else. */
export const CHAT_DEFAULTS: Omit<ChatInput, 'messages' | 'tools'> = {
  toolChoice: 'auto',
  parallelToolCalls: true,
  addGenerationPrompt: true,
  jsonSchema: '',
  grammar: '',
  enableThinking: true,
  continueAnswer: false,
  templateArgs: {},
};
