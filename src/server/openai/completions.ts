import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Prompt } from '../../chat/prompt.js';
import type { GenerationResult, Usage } from '../../engine/generation.js';
import type { TurnOptions } from '../../engine/request-options.js';
import type { TokenLogprob } from '../../native/events.js';
import { PendingAnswer } from '../../stateless/pending-answer.js';
import { samplingFields, toSampling } from '../chat/sampling-fields.js';
import { given, maybe, parsedBody, unknownFields } from '../chat/wire-body.js';
import type { Exchange } from '../http/exchange.js';
import { toHttpFailure } from '../http/http-error.js';
import { listed } from '../http/listed-header.js';
import { openaiError, wireName } from './error-body.js';

const ids = z.array(z.int().min(0)).min(1);

/** What clients send to /v1/completions: a text, or token ids, that the model goes on with; several are answered at once. */
const completionRequest = z.object({
  model: maybe(z.string()),
  prompt: z.union([z.string(), ids, z.array(z.string()).min(1).max(64), z.array(ids).min(1).max(64)]),
  max_tokens: maybe(z.int().min(1)),
  ...samplingFields,
  stop: maybe(z.union([z.string(), z.array(z.string()).max(16)])),
  logprobs: maybe(z.int().min(0).max(5)),
  echo: maybe(z.boolean()),
  n: maybe(z.literal(1, 'only one choice a prompt is answered: send the prompt again for another')),
  best_of: maybe(z.literal(1, 'only one choice a prompt is answered')),
  suffix: maybe(z.literal('', 'no text can be put behind the answer')),
  stream: maybe(z.boolean()),
  stream_options: maybe(z.looseObject({ include_usage: maybe(z.boolean()) })),
});

type CompletionRequest = z.infer<typeof completionRequest>;

/** Most tokens when the caller names no limit, as OpenAI has it. */
const DEFAULT_TOKENS = 16;

/** POST /v1/completions: texts that are gone on with, without a chat template. */
export async function completions(exchange: Exchange): Promise<void> {
  const raw = await exchange.body();
  const body = parsedBody(completionRequest, raw);
  const ignored = unknownFields(completionRequest, raw);
  const signal = exchange.signal();
  const { ttftLimitMs } = exchange;
  const prompts = toPrompts(body.prompt);
  exchange.places.check(prompts.length);
  const generations = prompts.map((prompt) =>
    exchange.engine.generate(prompt, { ...toOptions(body), ttftLimitMs, signal }),
  );
  for (const { result } of generations) exchange.places.hold(result);
  const answers = generations.map((generation) => new PendingAnswer(generation));
  const headers = listed('x-banyan-ignored', ignored);
  const head = {
    ...{ id: `cmpl-${randomBytes(12).toString('hex')}`, object: 'text_completion' },
    ...{ created: Math.floor(Date.now() / 1_000), model: exchange.modelName },
  };
  const echoes = prompts.map((prompt) => (body.echo ? textOf(exchange, prompt) : ''));
  if (!body.stream) {
    const results = await Promise.all(generations);
    const choices = results.map((result, index) => ({
      ...{ index, text: `${echoes[index]}${result.text}`, finish_reason: finishReason(result) },
      logprobs: result.logprobs.length > 0 ? toLogprobs(result.logprobs) : null,
    }));
    exchange.json(200, { ...head, choices, usage: toUsage(results.map(({ usage }) => usage)) }, headers);
    return;
  }
  await Promise.all(answers.map((answer) => answer.began(exchange.keepAliveMs)));
  const sse = exchange.sse(headers, () => ': ping\n\n');
  const send = (index: number, text: string, reason: string | null = null, logprobs: object | null = null) =>
    sse.send({ ...head, choices: [{ index, text, finish_reason: reason, logprobs }] });
  try {
    await Promise.all(
      answers.map((answer, index) => {
        if (echoes[index]) send(index, echoes[index]);
        return answer.read((event) => {
          if (event.type === 'text') send(index, event.text);
          if (event.type === 'tokens' && event.logprobs.length > 0) send(index, '', null, toLogprobs(event.logprobs));
          if (event.type === 'finish') send(index, '', finishReason(event.result));
        });
      }),
    );
    const usages = (await Promise.all(generations)).map(({ usage }) => usage);
    if (body.stream_options?.include_usage) sse.send({ ...head, choices: [], usage: toUsage(usages) });
    sse.end('data: [DONE]\n\n');
  } catch (reason) {
    for (const generation of generations) generation.cancel();
    sse.send({ error: openaiError(toHttpFailure(reason, wireName)) });
    sse.end();
  }
}

function toPrompts(prompt: CompletionRequest['prompt']): Prompt[] {
  if (typeof prompt === 'string') return [prompt];
  return typeof prompt[0] === 'number'
    ? [Int32Array.from(prompt as number[])]
    : (prompt as (string | number[])[]).map(toPrompt);
}

const toPrompt = (prompt: string | number[]): Prompt => (typeof prompt === 'string' ? prompt : Int32Array.from(prompt));

function textOf({ engine }: Exchange, prompt: Prompt): string {
  return typeof prompt === 'string' ? prompt : engine.detokenize(prompt as Int32Array);
}

function toOptions(body: CompletionRequest): TurnOptions {
  const { max_tokens: maxTokens, stop, logprobs } = body;
  return { ...toSampling(body), ...given({ maxTokens: maxTokens ?? DEFAULT_TOKENS, stop, logprobs }) };
}

const finishReason = ({ finishReason: reason }: GenerationResult) => (reason === 'length' ? 'length' : 'stop');

/** The older shape: lists side by side. `text_offset`: where each token begins in these, characters. */
function toLogprobs(logprobs: readonly TokenLogprob[]): object {
  let at = 0;
  const offsets = logprobs.map(({ text }) => {
    at += text.length;
    return at - text.length;
  });
  return {
    tokens: logprobs.map(({ text }) => text),
    token_logprobs: logprobs.map(({ logprob }) => logprob),
    top_logprobs: logprobs.map(({ top }) => Object.fromEntries(top.map(({ text, logprob }) => [text, logprob]))),
    text_offset: offsets,
  };
}

function toUsage(usages: readonly Usage[]): object {
  const sum = (pick: (usage: Usage) => number) => usages.reduce((total, usage) => total + pick(usage), 0);
  const [prompt, output] = [sum(({ promptTokens }) => promptTokens), sum(({ outputTokens }) => outputTokens)];
  return {
    prompt_tokens: prompt,
    completion_tokens: output,
    total_tokens: prompt + output,
    prompt_tokens_details: { cached_tokens: sum(({ cachedTokens }) => cachedTokens) },
  };
}
