import { z } from 'zod';
import { parsedBody } from '../chat/wire-body.js';
import type { Exchange } from '../http/exchange.js';

const tokenizeRequest = z.object({
  prompt: z.string().optional(), // as vLLM has it
  content: z.string().optional(), // as llama-server has it
  add_special_tokens: z.boolean().nullish(),
  add_special: z.boolean().nullish(),
});
const detokenizeRequest = z.object({ tokens: z.array(z.int().min(0)).max(65_536) });

/** POST /tokenize: token ids of a text, and their number. */
export async function tokenize(exchange: Exchange): Promise<void> {
  const body = parsedBody(tokenizeRequest, await exchange.body());
  const addSpecial = body.add_special_tokens ?? body.add_special ?? false;
  const tokens = await exchange.engine.tokenizeAsync(body.prompt ?? body.content ?? '', { addSpecial });
  exchange.json(200, { tokens: [...tokens], count: tokens.length, max_model_len: exchange.engine.info.maxContext });
}

/** POST /detokenize: the text of token ids. */
export async function detokenize(exchange: Exchange): Promise<void> {
  const { tokens } = parsedBody(detokenizeRequest, await exchange.body());
  const text = exchange.engine.detokenize(tokens, { special: true });
  exchange.json(200, { prompt: text, content: text });
}
