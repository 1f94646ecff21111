// Tools of an MCP server: npx tsx examples/mcp.ts. The server is this file, too; take any other that you have.
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { McpServer } from '@modelcontextprotocol/server';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { Agent, Engine } from 'banyan';
import { mcpTools } from 'banyan/mcp';
import { z } from 'zod';

async function serve(): Promise<void> {
  const server = new McpServer({ name: 'weather', version: '1.0.0' });
  const inputSchema = z.object({ city: z.string() });
  server.registerTool('get_weather', { description: 'Current weather of a city', inputSchema }, ({ city }) => {
    const weather = { city, celsius: 7, sky: 'light rain' };
    return { content: [{ type: 'text', text: JSON.stringify(weather) }], structuredContent: weather };
  });
  await server.connect(new StdioServerTransport());
}

async function ask(): Promise<void> {
  const client = new Client({ name: 'example', version: '1.0.0' });
  const args = [...process.execArgv, fileURLToPath(import.meta.url), 'serve'];
  await client.connect(new StdioClientTransport({ command: process.execPath, args }));
  const engine = await Engine.load();
  const agent = new Agent({ engine, tools: await mcpTools(client), temperature: 0 });
  for await (const event of agent.run('What is the weather in Oslo?')) {
    if (event.type === 'tool-result') console.log(`${event.outcome.call.name} gave ${event.outcome.content}`);
    if (event.type === 'text') process.stdout.write(event.text);
  }
  console.log();
  await engine.close();
  await client.close();
}

await (process.argv[2] === 'serve' ? serve() : ask());
