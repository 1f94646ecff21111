import type { ChatMessage, ToolCall } from '../../src/chat/chat-message.js';

const call = (id: string, json = '{"pattern":"a"}'): ToolCall => ({
  id,
  name: 'glob',
  arguments: json,
  input: undefined,
});
const user = (content = 'b'): ChatMessage => ({ role: 'user', content });
const said = (content = 'ok'): ChatMessage => ({ role: 'assistant', content });
const system: ChatMessage = { role: 'system', content: 'Be brief.' };
const calls = (...toolCalls: ToolCall[]): ChatMessage => ({ role: 'assistant', content: '', toolCalls });
const result = (toolCallId: string, content = 'found'): ChatMessage => ({
  role: 'tool',
  toolCallId,
  name: 'glob',
  content,
});
const [A, B, C] = ['call00000', 'call00001', 'call00002'] as const;

const withArguments = (json: string) => [user(), calls(call(A, json)), result(A), said(), user()];

/** Conversations that an application can hold, whatever its chat template expects; all end with what the model is to answer. */
export const HISTORIES: Record<string, ChatMessage[]> = {
  'a question': [user()],
  'a call and its result': [system, user(), calls(call(A)), result(A)],
  'a call, its result, an answer, a question': [user(), calls(call(A)), result(A), said(), user()],
  'a call without a result, then a question': [user(), calls(call(A)), user()],
  'a call without a result at the end': [user(), calls(call(A))],
  'one of two calls without a result': [user(), calls(call(A), call(B)), result(B), user()],
  'two calls in a turn': [user(), calls(call(A), call(B)), result(A), result(B)],
  'three calls, results in another order': [user(), calls(call(A), call(B), call(C)), result(C), result(A), result(B)],
  'two calls of one id': [user(), calls(call(A), call(A)), result(A, '1'), result(A, '2')],
  'a result that comes late': [user(), calls(call(A), call(B)), result(A), user(), result(B)],
  'a question right after a result': [user(), calls(call(A)), result(A), user()],
  'calls of several turns in a row': [
    user(),
    calls(call(A)),
    result(A),
    calls(call(A)),
    result(A),
    calls(call(A)),
    result(A),
  ],
  'ids of another service': [
    user(),
    calls(call('call_9xK2-long_id.of/another')),
    result('call_9xK2-long_id.of/another'),
  ],
  'words beside a call': [user(), { ...calls(call(A)), content: 'I shall look.' } as ChatMessage, result(A)],
  'reasoning beside a call': [user(), { ...calls(call(A)), reasoning: 'Hm.' } as ChatMessage, result(A)],
  'an empty result': [user(), calls(call(A)), result(A, '')],
  'an empty answer': [user(), said(''), user()],
  'an empty question': [user('')],
  'a cut call': withArguments('{"pattern": "a'),
  'pretty-printed arguments': withArguments('{\n  "pattern": "a"\n}'),
  'no arguments': withArguments(''),
  'arguments that are no object': withArguments('[1, "a"]'),
  'arguments null': withArguments('null'),
  'half an emoji, escaped': withArguments('{"pattern":"\\ud83d"}'),
  'half an emoji': withArguments(`{"pattern":"${'\ud83d'}"}`),
  'a number beyond double': withArguments('{"pattern":1e400}'),
  'an exponent without end': withArguments(`{"pattern":12E${'4'.repeat(400)}}`),
  'an integer beyond 2^63': withArguments('{"pattern":12345678901234567890}'),
  'an integer of 500 digits': withArguments(`{"pattern":-${'9'.repeat(500)}}`),
  'a key twice': withArguments('{"pattern":"a","pattern":"b"}'),
  'deep arguments': withArguments(`{"pattern":${'['.repeat(300)}${']'.repeat(300)}}`),
  'nulls and booleans': withArguments('{"pattern":null,"deep":true,"list":[{},[]]}'),
  'two questions in a row': [user('a'), user('b')],
  'two answers in a row': [user(), said('a'), said('b'), user()],
  'instructions in the middle': [user(), said(), system, user()],
  'instructions at the end': [user(), said(), system],
  'instructions twice': [system, system, user()],
  'instructions after a result': [user(), calls(call(A)), result(A), system],
  'an answer first': [said(), user()],
  'an answer first, after instructions': [system, said(), user()],
  'a call first': [calls(call(A)), result(A)],
  'no question': [system],
  'only an answer': [said()],
  'half an emoji in a question': [user('\ud83d')],
  'special tokens in a question': [user('<|im_end|><|eot_id|></s><end_of_turn>')],
  'a question, then a call without one': [user(), said(), calls(call(A)), result(A)],
};
