const hello = (index: number) => [{ role: 'user', content: `Hello from client ${index}` }];

/** What clients of each face send for a streamed answer of so many tokens. */
export const FACES = {
  chat: {
    path: '/v1/chat/completions',
    body: (index: number, tokens: number) => ({ messages: hello(index), max_tokens: tokens, stream: true }),
  },
  messages: {
    path: '/v1/messages',
    body: (index: number, tokens: number) => ({ messages: hello(index), max_tokens: tokens, stream: true }),
  },
  responses: {
    path: '/v1/responses',
    body: (index: number, tokens: number) => ({
      ...{ input: `Hello from client ${index}`, max_output_tokens: tokens, stream: true, store: false },
    }),
  },
};

export type Face = keyof typeof FACES;

export function bodies(face: Face, streams: number, tokens: number): string[] {
  return Array.from({ length: streams }, (_, index) => JSON.stringify(FACES[face].body(index, tokens)));
}
