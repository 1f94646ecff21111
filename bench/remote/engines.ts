/**
 * Counts, no times, of real engines behind `RemoteEngine`, each a server with the package's small model. What agents of W2 sent is compared
 * with what is on the wire, what the server reports as cached with what could be. One row of the result is written, the others stay:
 *
 *   tsx bench/remote/engines.ts <result.md> row <part> <version> <url>        `chat:<url>`: in messages
 *                                                                              `kill:<process>,<url>,<url>`: in messages on both, of which that one is killed
 *   tsx bench/remote/engines.ts <result.md> tests <part> <version> <what vitest says>
 *   tsx bench/remote/engines.ts <result.md> skipped <part> <version> <why>    kept only where there is no row of that part
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { boundedFetch, RemoteEngine } from '../../src/index.js';
import { runChatWorkflows } from '../../testing/remote/chat-workflows.js';
import { Draw } from '../../testing/workloads/draw.js';

const AGENTS = 4;
const CALLS = 11;
const TURNS = 12;
/** Pieces of answers that came before a server is killed. */
const KILLED_AFTER = 200;

/** A server between an engine and its client: the prompts that went over, as they were sent. */
async function wire(url: string) {
  const prompts: number[][] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    if (body.length > 0) {
      const { prompt } = JSON.parse(body.toString()) as { prompt?: unknown };
      if (Array.isArray(prompt)) prompts.push(prompt as number[]);
    }
    const { method = 'GET', headers } = request;
    const type = headers['content-type'];
    const asked = { method, headers: type ? { 'content-type': type } : {}, ...(body.length > 0 && { body }) };
    const answer = await fetch(`${url}${request.url}`, asked).catch(() => undefined);
    response.writeHead(answer?.status ?? 502, { 'content-type': answer?.headers.get('content-type') ?? 'text/plain' });
    if (answer?.body) Readable.fromWeb(answer.body as never).pipe(response);
    else response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}`, prompts, close };
}

/** Of the turns of two sessions, how many were sent the session's own ids, and no other; their answers are the session's too. */
async function idsOf(url: string): Promise<string> {
  const tapped = await wire(url);
  await using engine = await RemoteEngine.connect({ url: tapped.url });
  let [equal, failed] = [0, 0];
  for (let at = 0; at < 2; at++) {
    const session = engine.session({ system: `Session ${at}. Answer in one sentence.` });
    for (let turn = 0; turn < TURNS; turn++) {
      const before = session.tokens;
      tapped.prompts.length = 0;
      const options = { temperature: turn % 2, seed: turn, maxTokens: 24 }; // by turns the likeliest tokens and drawn ones
      const answer = await session.generate(`Hello ${turn}`, options).result.catch(({ code, message }) => {
        console.log(`${url}: turn ${turn} ${code} ${message}`);
        failed++;
      });
      if (!answer) continue;
      const { tokens } = answer;
      const [sent = [], second] = tapped.prompts;
      const begins = before.every((token, index) => token === sent[index]);
      const whole = [...sent, ...tokens];
      const now = session.tokens;
      const same = now.length === whole.length && now.every((token, index) => token === whole[index]);
      if (begins && same && second === undefined) equal++;
    }
  }
  tapped.close();
  return `${equal} of ${2 * TURNS - failed}${failed > 0 ? `, ${failed} failed with an error` : ''}`;
}

/** Beginnings of prompts and answers that were computed before. */
class Computed {
  readonly #root: Node = new Map();

  /** Tokens of these that were not; from now on they are. */
  add(tokens: Int32Array): number {
    let [node, fresh] = [this.#root, 0];
    for (const token of tokens) {
      let next = node.get(token);
      if (!next) {
        next = new Map();
        node.set(token, next);
        fresh++;
      }
      node = next;
    }
    return fresh;
  }
}
type Node = Map<number, Node>;

const WORDS = 'the tree grows by a river and its roots hold old stones while birds rest there before rain comes'.split(
  ' ',
);

function words(draw: Draw, count: number): string {
  return Array.from({ length: count }, () => WORDS[draw.below(WORDS.length)]).join(' ');
}

/** Tokens of W2, in words, that the server says it had cached, and that it could have had: all but the first time of each beginning. */
async function cachedOf(url: string) {
  await using engine = await RemoteEngine.connect({ url });
  const shared = words(new Draw(`shared ${Date.now()}`), 300); // what an earlier run had cached is of no use
  const computed = new Computed();
  const total = { calls: 0, prompts: 0, cached: 0, ideal: 0 };
  const agent = async (at: number) => {
    const draw = new Draw(`agent ${at}`);
    await using session = engine.session({ system: `${shared} Role ${at % 4}. ${words(new Draw(`${at % 4}`), 80)}` });
    for (let call = 0; call < CALLS; call++) {
      const { tokens, usage } = await session.generate(words(draw, 70), { temperature: 0, maxTokens: 24 });
      const whole = session.tokens;
      const prompt = whole.subarray(0, whole.length - tokens.length);
      total.calls++;
      total.prompts += prompt.length;
      total.cached += usage.cachedTokens ?? 0;
      total.ideal += prompt.length - computed.add(prompt);
      computed.add(whole.subarray(0, -1)); // what was sampled last is not computed yet
    }
  };
  await Promise.all(Array.from({ length: AGENTS }, (_, at) => agent(at)));
  return { backend: engine.info.backend, ...total };
}

/** A router sends by the name that its servers gave it. */
async function modelAt(url: string): Promise<string> {
  const { data } = Object(await (await fetch(`${url}/v1/models`)).json()) as { data?: { id?: string }[] };
  return data?.[0]?.id ?? 'default';
}

/** A server's model in messages; `more`: of each request. */
async function chatAt(url: string, more: object = {}) {
  const transformRequestBody = (body: object) => ({ ...body, ...more });
  const provider = {
    name: 'server',
    baseURL: `${url}/v1`,
    includeUsage: true,
    fetch: boundedFetch,
    transformRequestBody,
  };
  return createOpenAICompatible(provider)(await modelAt(url));
}

/** The same calls in messages, as routers take them that know no token ids. */
async function inMessages(url: string): Promise<string> {
  await using engine = await RemoteEngine.connect({ chat: await chatAt(url) });
  const shared = words(new Draw(`shared ${Date.now()}`), 300);
  let [calls, prompts, cached] = [0, 0, 0];
  const agent = async (at: number) => {
    const draw = new Draw(`agent ${at}`);
    await using session = engine.session({ system: shared });
    for (let call = 0; call < CALLS; call++) {
      const { usage } = await session.generate(words(draw, 70), { temperature: 0, maxTokens: 24 });
      calls++;
      prompts += usage.promptTokens;
      cached += usage.cachedTokens ?? 0;
    }
  };
  await Promise.all(Array.from({ length: AGENTS }, (_, at) => agent(at)));
  return `chat mode | ${calls} | ${prompts} | - | ${cached} | ${prompts === 0 ? '-' : (cached / prompts).toFixed(3)} of all`;
}

/** A pool of chat backends under workflows, of which one is killed once they have begun. Throws unless all come to their end. */
async function killedInTheMidst(child: number, urls: readonly string[]): Promise<string> {
  const chats = await Promise.all(urls.map((url) => chatAt(url, { ignore_eos: true }))); // so that answers are long
  await using engine = await RemoteEngine.connect({ backends: chats.map((chat, at) => ({ chat, name: `${at}` })) });
  let pieces = 0;
  const heard = () => {
    if (++pieces === KILLED_AFTER) process.kill(-child, 'SIGKILL');
  };
  const system = words(new Draw(`shared ${Date.now()}`), 100);
  const question = (workflow: number, turn: number) => words(new Draw(`${workflow} ${turn}`), 20);
  const plan = { count: AGENTS, turns: CALLS, system, question, heard };
  const { done, calls, repeated, broken, promptTokens, cachedTokens } = await runChatWorkflows(engine, plan);
  const [tried] = engine.servers().filter(({ failed }) => failed > 0);
  if (!tried) throw new Error('no server failed');
  const what = `chat pool, one of two killed: ${done} of ${plan.count} workflows done, ${repeated} answers repeated at temperature 0, ${broken} STREAM_BROKEN and asked again`;
  return `${what} | ${calls} | ${promptTokens} | - | ${cachedTokens} | ${(cachedTokens / promptTokens).toFixed(3)} of all`;
}

async function counted(url: string): Promise<string> {
  if (url.startsWith('kill:')) {
    const [child, ...urls] = url.slice('kill:'.length).split(',');
    return killedInTheMidst(Number(child), urls);
  }
  if (url.startsWith('chat:')) return inMessages(url.slice('chat:'.length));
  const ids = await idsOf(url);
  const { calls, prompts, cached, ideal } = await cachedOf(url);
  return `${ids} | ${calls} | ${prompts} | ${ideal} | ${cached} | ${(cached / ideal).toFixed(3)}`;
}

/** Rows of the table that is there, by their parts. */
function rowsOf(file: string): Map<string, string> {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  const rows = lines.filter((line) => line.startsWith('| ') && !/^\| (engine|---) /.test(line));
  return new Map(rows.map((row) => [row.split(' | ')[0]?.slice('| '.length) ?? '', row]));
}

const [result = '', kind = '', part = '', version = '', said = ''] = process.argv.slice(2);
const rows = rowsOf(result);
const NOTHING = ' | - | - | - | - | -';
const about = `| ${part} | ${version} | ${new Date().toISOString().slice(0, 10)} |`;
if (kind === 'row') rows.set(part, `${about} ${await counted(said)} |`);
else if (kind === 'tests') rows.set(part, `${about} tests: ${said}${NOTHING} |`);
else if (!rows.has(part) || rows.get(part)?.includes('not run: ')) {
  rows.set(part, `${about} not run: ${said.replaceAll('|', ' ')}${NOTHING} |`);
}
console.log(rows.get(part));
writeFileSync(
  result,
  `# Real engines behind RemoteEngine

Written by \`bench/peers/remote-engines.sh\`, with the package's small model on CPUs; each row on its own day. Counts only; times are none here.

| engine | version | day | turns whose ids on the wire are the session's | calls of W2 | prompt tokens | could be cached | reported cached | share |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
${[...rows.values()].join('\n')}

W2 is ${AGENTS} agents of ${CALLS} calls each, in words, with an eighth of its tokens or so, all at once. What could be cached is all of the prompts but the first time of
each beginning, to the token; vLLM keeps blocks of 128 tokens on CPUs. A vLLM started with \`--enable-prompt-tokens-details\` says what it had cached.
\`vllm-test\` is \`test/remote/vllm.test.ts\`: agents with tools, sessions, schemas, limits and cancelled answers, against an engine in process.

Routers: vllm-router hands token ids and all other fields on, and is spoken to as a vLLM. smg 1.13.0 and sglang-router 0.3.2 refuse token ids on
\`/v1/completions\` (400, "StringOrArray") and have no \`/tokenize\`: reach what is behind them in chat mode, or give its addresses as \`backends\`. In chat mode the share is of
all prompt tokens, and two llama-servers are behind the router.

\`chat-pool\` is two llama-servers as a pool of chat backends, under ${AGENTS} workflows of ${CALLS} turns, by turns at temperature 0 and sampled; one is killed once ${KILLED_AFTER} pieces of answers have come. An answer at temperature 0
that broke off is said again by the other server; a sampled one is STREAM_BROKEN, and its workflow asks again.
`,
);
