import type { ServerResponse } from 'node:http';
import { FakeServer, modelsOf, sse } from './fake-server.js';

const X = 'x'.charCodeAt(0); // byte tokens of the package's small model are their bytes

/** llama-server's wire with a model that says "x" to the limit and a cache that never forgets. Busy while `most` tokens of prompts are computed. */
export async function fakeLlamaServer(most = Number.POSITIVE_INFINITY): Promise<FakeServer> {
  const seen: number[][] = [];
  let running = 0;
  return FakeServer.open(modelsOf('llamacpp', { meta: { n_ctx: 8192 } }), (body, response) => {
    if (running > most) return response.writeHead(429, { 'retry-after': '1' }).end('{"error":"busy"}');
    const prompt = body.prompt as number[];
    const cached = body.cache_prompt === false ? 0 : Math.min(shared(seen, prompt), prompt.length - 1);
    running += prompt.length;
    response.on('close', () => {
      running -= prompt.length;
    });
    seen.push(prompt);
    speak(response, Number(body.n_predict), cached);
  });
}

function shared(seen: readonly number[][], prompt: readonly number[]): number {
  return Math.max(
    0,
    ...seen.map((one) => {
      const at = prompt.findIndex((token, index) => token !== one[index]);
      return at < 0 ? prompt.length : at;
    }),
  );
}

/** A token a turn of the event loop. */
function speak(response: ServerResponse, most: number, cached: number): void {
  let count = 0;
  const step = () => {
    if (response.destroyed) return;
    if (count < most) {
      response.write(sse({ content: 'x', tokens: [X], stop: false, tokens_predicted: ++count }));
      setImmediate(step);
      return;
    }
    const timings = { cache_n: cached };
    response.end(sse({ content: '', tokens: [], stop: true, stop_type: 'limit', tokens_predicted: count, timings }));
  };
  setImmediate(step);
}
