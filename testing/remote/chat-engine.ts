import type { ServerResponse } from 'node:http';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { defineTool } from '../../src/agent/tool.js';
import { boundedFetch } from '../../src/remote/chat/bounded-fetch.js';
import type { ChatModel } from '../../src/remote/chat/chat-model.js';
import { RemoteEngine } from '../../src/remote/remote-engine.js';
import type { RemoteOptions } from '../../src/remote/remote-options.js';
import type { Provider } from './chat-transcripts.js';
import { FakeServer, type Reply } from './fake-server.js';

/** The model of each provider's own package, at an address of ours. */
const MODELS: Record<Provider, (url: string) => ChatModel> = {
  openai: (url) => createOpenAI({ baseURL: `${url}/v1`, apiKey: 'x', fetch: boundedFetch }).chat('gpt-4o-mini'),
  anthropic: (url) => createAnthropic({ baseURL: `${url}/v1`, apiKey: 'x', fetch: boundedFetch })('claude-sonnet-4-5'),
  tgi: (url) =>
    createOpenAICompatible({
      name: 'tgi',
      baseURL: `${url}/v1`,
      includeUsage: true,
      supportsStructuredOutputs: true,
      fetch: boundedFetch,
    })('tgi'),
};

/** An engine in chat mode, and the server that it asks. */
export interface ChatSetting extends AsyncDisposable {
  engine: RemoteEngine;
  server: FakeServer;
}

/** A provider whose server answers so. */
export async function chatEngine(
  provider: Provider,
  reply: Reply,
  options: Partial<RemoteOptions> = {},
): Promise<ChatSetting> {
  const server = await FakeServer.open({}, reply);
  const engine = await RemoteEngine.connect({ chat: MODELS[provider](server.url), ...options });
  const close = async () => {
    await engine.close();
    await server.close();
  };
  return { engine, server, [Symbol.asyncDispose]: close };
}

/** Several engines in chat mode behind one, and the server of each. */
export interface ChatPoolSetting extends AsyncDisposable {
  engine: RemoteEngine;
  servers: readonly FakeServer[];
}

/** Models of one provider, named 'a', 'b' ..., whose servers answer so. */
export async function chatPool(
  provider: Provider,
  replies: readonly Reply[],
  options: Partial<RemoteOptions> = {},
): Promise<ChatPoolSetting> {
  const servers = await Promise.all(replies.map((reply) => FakeServer.open({}, reply)));
  const backends = servers.map(({ url }, at) => ({ chat: MODELS[provider](url), name: 'abcdefgh'[at] }));
  const engine = await RemoteEngine.connect({ backends, ...options });
  const close = async () => {
    await engine.close();
    for (const server of servers) await server.close();
  };
  return { engine, servers, [Symbol.asyncDispose]: close };
}

/** Writes a stream of events, in pieces that end anywhere. */
export function stream(text: string): Reply {
  return (_body, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (let at = 0; at < text.length; at += 97) response.write(text.slice(at, at + 97));
    response.end();
  };
}

/** Replies one after another, the last one again and again. */
export function inTurn(...replies: Reply[]): Reply {
  let next = 0;
  return (body, response, request) => replies[Math.min(next++, replies.length - 1)]?.(body, response, request);
}

/** Writes so much of a stream, and leaves the rest to `then`. */
export const begun =
  (text: string, then: (response: ServerResponse) => void): Reply =>
  (_body, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(text, () => setImmediate(() => then(response)));
  };

/** A tool that keeps what it was called with. */
export function weatherTool() {
  const ran: unknown[] = [];
  const tool = defineTool({
    name: 'weather',
    description: 'Weather of a city',
    input: { type: 'object', properties: {} },
    execute: (input) => {
      ran.push(input);
      return 'clear';
    },
  });
  return { ran, tool };
}
