import { Server } from '@modelcontextprotocol/server';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';

// A server of the Model Context Protocol with all that servers in the wild have: odd names and schemas, slow and failing tools,
// a list that changes, and an end in the midst of a call.

const place = { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] };
const nothing = { type: 'object' as const };
let cancelled = 0;

const tools = [
  { name: 'get_weather', description: 'Current weather of a city', inputSchema: place },
  { name: 'files.read', description: 'Reads a file', inputSchema: nothing, annotations: { readOnlyHint: true } },
  { name: `very.long.${'x'.repeat(100)}`, inputSchema: nothing, annotations: { idempotentHint: true } },
  { name: 'files_read', description: 'Another one', inputSchema: nothing },
  { name: 'odd', inputSchema: { type: 'object' as const, properties: { a: { pattern: '(?<=x)\\p{Nope}' } } } },
  {
    name: 'remote',
    inputSchema: { type: 'object' as const, properties: { a: { $ref: 'https://example.com/s.json' } } },
  },
  { name: 'fails', inputSchema: nothing },
  { name: 'slow', inputSchema: nothing },
  { name: 'how_many_cancelled', inputSchema: nothing },
  { name: 'grow', inputSchema: nothing },
  { name: 'die', inputSchema: nothing },
];

const server = new Server({ name: 'odd', version: '1' }, { capabilities: { tools: { listChanged: true } } });
server.setRequestHandler('tools/list', () => ({ tools }));
server.setRequestHandler('tools/call', async ({ params: { name, arguments: given } }, context) => {
  const text = (words: string, more = {}) => ({ content: [{ type: 'text' as const, text: words }], ...more });
  if (name === 'get_weather') {
    const seen = { sky: 'light rain', celsius: 7, city: given?.city };
    return text(JSON.stringify(seen, null, 2), { structuredContent: seen });
  }
  if (name === 'fails') return text('disk full', { isError: true });
  if (name === 'how_many_cancelled') return text(String(cancelled));
  if (name === 'die') process.exit(3);
  if (name === 'slow') {
    return new Promise((resolve) => {
      context.mcpReq.signal.addEventListener('abort', () => {
        cancelled++;
        resolve(text('too late'));
      });
    });
  }
  if (name === 'grow') {
    tools.push({ name: 'grown', inputSchema: nothing });
    await server.sendToolListChanged();
  }
  return text(`${name} ${JSON.stringify(given ?? {})}`);
});
await server.connect(new StdioServerTransport());
