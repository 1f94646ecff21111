import { z } from 'zod';
import { TimeSlices } from '../../kit/time-slices.js';
import { given, maybe, parsedBody, unknownFields } from '../chat/wire-body.js';
import type { Exchange } from '../http/exchange.js';

const ids = z.array(z.int().min(0)).min(1);

/** What clients send to /v1/embeddings: a text, token ids, or a list of these. */
export const embeddingRequest = z.object({
  model: maybe(z.string()),
  input: z.union([
    z.string(),
    ids,
    z
      .array(z.union([z.string(), ids]))
      .min(1)
      .max(2_048),
  ]),
  encoding_format: maybe(z.enum(['float', 'base64'])),
  dimensions: maybe(z.int().min(1)),
});

/** Characters of a number in JSON, about. */
const NUMBER = 20;

/** POST /v1/embeddings: a vector of each text. OpenAI's own SDKs ask for base64 unless told otherwise, and decode it. */
export async function embeddings(exchange: Exchange): Promise<void> {
  const raw = await exchange.body();
  const body = parsedBody(embeddingRequest, raw);
  const ignored = unknownFields(embeddingRequest, raw);
  const own = { dimensions: body.dimensions, signal: exchange.signal(), tenant: exchange.tenant };
  const options = given({ ...own, ...exchange.scheduling() });
  const { vectors, usage } = await exchange.charge(() => exchange.engine.embed(body.input, options));
  const written = body.encoding_format === 'base64' ? inBase64 : inNumbers;
  const slices = new TimeSlices(); // a list of vectors is megabytes of JSON
  const data: string[] = [];
  for (const [index, vector] of vectors.entries()) {
    data.push(`{"object":"embedding","index":${index},"embedding":${written(vector)}}`);
    await slices.after(vector.length * NUMBER);
  }
  const tokens = usage.promptTokens;
  const rest = JSON.stringify({ model: exchange.modelName, usage: { prompt_tokens: tokens, total_tokens: tokens } });
  const text = `{"object":"list","data":[${data.join(',')}],${rest.slice(1)}`;
  exchange.jsonText(200, text, exchange.ignoredHeader(ignored));
}

const inNumbers = (vector: Float32Array) => JSON.stringify([...vector]);

/** Little-endian f32, as every platform we build for has it. */
const inBase64 = ({ buffer, byteOffset, byteLength }: Float32Array) =>
  `"${Buffer.from(buffer, byteOffset, byteLength).toString('base64')}"`;
