import { randomBytes } from 'node:crypto';
import type { Engine } from '../../engine/engine.js';
import type { GenerationResult, Usage } from '../../engine/generation.js';
import { PendingAnswer } from '../../stateless/pending-answer.js';
import type { PlainPrompt } from '../../stateless/prompt-runs.js';
import { checkBestOf } from '../chat/best-of.js';
import { runNameOf } from '../chat/run-names.js';
import { together } from '../chat/together.js';
import { parsedBody, unknownFields } from '../chat/wire-body.js';
import { eventFrame } from '../http/event-frame.js';
import type { Exchange } from '../http/exchange.js';
import { toHttpFailure } from '../http/http-error.js';
import { type ListedToken, toLogprobs } from './completion-logprobs.js';
import { type CompletionRequest, completionRequest, toOptions } from './completions-wire.js';
import { openaiError, wireName } from './error-body.js';

/** One answer to one prompt, and what of the prompt is told with it. */
interface Choice {
  answer: PendingAnswer;
  /** The prompt where it is echoed, else empty. */
  echo: string;
  /** Where the prompt is echoed with logprobs: the text of its first token, and the answer that brings those of the rest. */
  scored: { firstToken: string; by: PendingAnswer } | undefined;
}

/** POST /v1/completions: texts that are gone on with, without a chat template. */
export async function completions(exchange: Exchange): Promise<void> {
  const raw = await exchange.body();
  const body = parsedBody(completionRequest, raw);
  checkBestOf(body);
  const headers = exchange.ignoredHeader(unknownFields(completionRequest, raw));
  const choices = await ask(exchange, body);
  const answers = choices.map(({ answer }) => answer);
  const head = {
    ...{ id: `cmpl-${randomBytes(12).toString('hex')}`, object: 'text_completion' },
    ...{ created: Math.floor(Date.now() / 1_000), model: exchange.modelName },
  };
  const whole = async (index: number, result: GenerationResult) => {
    const { echo, scored } = choices[index] as Choice;
    const logprobs = await logprobsOf(exchange, result, scored);
    const text = `${echo}${result.text}`;
    return { index, text, finish_reason: finishReason(result), logprobs, ...idsOf(body, result.tokens) };
  };
  const n = body.n ?? 1;
  if (!body.stream) {
    const results = await together(answers, (answer) => answer.whole());
    const written = await Promise.all(results.map((result, index) => whole(index, result)));
    exchange.json(200, { ...head, choices: written, usage: toUsage(results, n) }, headers);
    return;
  }
  await together(answers, (answer) => answer.began(exchange.keepAliveMs));
  const sse = exchange.sse(headers, () => ': ping\n\n');
  const chunk = (choice: object) => ({ ...head, choices: [choice] });
  const send = (choice: object) => sse.send(chunk(choice));
  const stream = async (answer: PendingAnswer, index: number) => {
    const { echo, scored } = choices[index] as Choice;
    if (scored) {
      // The logprobs of a prompt come before its answer's, and clients that want them read the whole.
      const result = await answer.whole();
      send(await whole(index, result));
      return result;
    }
    const tell = (text: string, reason: string | null = null, logprobs: object | null = null) =>
      send({ index, text, finish_reason: reason, logprobs });
    const frame = eventFrame((text) => chunk({ index, text, finish_reason: null, logprobs: null }));
    if (echo) tell(echo);
    let told = echo.length; // characters before the logprobs that come next
    const result = await answer.read((event) => {
      if (event.type === 'text') sse.grow(frame, event.text);
      if (event.type === 'tokens' && body.return_token_ids) {
        send({ index, text: '', finish_reason: null, logprobs: null, ...idsOf(body, event.tokens) });
      }
      if (event.type === 'tokens' && event.logprobs.length > 0) {
        tell('', null, toLogprobs(event.logprobs, told));
        told += event.logprobs.reduce((sum, { text }) => sum + text.length, 0);
      }
    }, body.return_token_ids === true);
    tell('', finishReason(result));
    return result;
  };
  try {
    const results = await together(answers, stream);
    if (body.stream_options?.include_usage) sse.send({ ...head, choices: [], usage: toUsage(results, n) });
    sse.end('data: [DONE]\n\n');
  } catch (reason) {
    sse.send({ error: openaiError(toHttpFailure(reason, (field) => wireName(field, '/v1/completions'))) });
    sse.end();
  }
}

/** `n` answers to each prompt, those of a prompt side by side: what they share is computed once. */
async function ask(exchange: Exchange, body: CompletionRequest): Promise<Choice[]> {
  const { engine, tenant, ttftLimitMs } = exchange;
  const { promptRuns } = exchange.callers;
  const name = runNameOf(exchange.headers, body.prompt_cache_key);
  const signal = exchange.signal();
  const n = body.n ?? 1;
  const wanted = (body.echo ? body.logprobs : undefined) ?? undefined;
  const given = toPrompts(body.prompt);
  exchange.checkPlaces(given.length * n);
  const prompts = wanted === undefined ? given : await Promise.all(given.map((prompt) => toTokens(engine, prompt)));
  return prompts.flatMap((prompt, at): Choice[] => {
    const echo = body.echo ? textOf(engine, given[at] as PlainPrompt) : '';
    const answers = Array.from({ length: n }, (_, choice) => {
      const own = choice === 0 ? { promptLogprobs: wanted } : {};
      const options = exchange.withDefaults(toOptions(body, choice));
      const turn = promptRuns.begin(prompt, name);
      const program = turn.program && { program: turn.program };
      const generation = engine.generate(prompt, { ...options, ...own, ...program, tenant, ttftLimitMs, signal });
      generation.result.then(turn.ended).catch(() => {}); // told by the one who reads the answer
      exchange.hold(generation.result);
      return new PendingAnswer(generation);
    });
    const [by] = answers;
    const scored = wanted !== undefined && by ? { firstToken: firstOf(engine, prompt as Int32Array), by } : undefined;
    return answers.map((answer) => ({ answer, echo, scored }));
  });
}

function toPrompts(prompt: CompletionRequest['prompt']): PlainPrompt[] {
  if (typeof prompt === 'string') return [prompt];
  return typeof prompt[0] === 'number'
    ? [Int32Array.from(prompt as number[])]
    : (prompt as (string | number[])[]).map(toPrompt);
}

const toPrompt = (prompt: string | number[]): PlainPrompt =>
  typeof prompt === 'string' ? prompt : Int32Array.from(prompt);

const toTokens = async (engine: Engine, prompt: PlainPrompt) =>
  typeof prompt === 'string' ? engine.tokenizeAsync(prompt, { addSpecial: true }) : prompt;

const firstOf = (engine: Engine, prompt: Int32Array) => engine.detokenize(prompt.subarray(0, 1), { special: true });

const textOf = (engine: Engine, prompt: PlainPrompt) =>
  typeof prompt === 'string' ? prompt : engine.detokenize(prompt as Int32Array);

/**
 * Logprobs of an answer, after those of its prompt where these are wanted. Programs that score texts ask for one token more and
 * drop it (lm-evaluation-harness does): where the model ended at once, its end stands for that token.
 */
async function logprobsOf(
  { engine }: Exchange,
  { logprobs, finishReason: reason }: GenerationResult,
  scored: Choice['scored'],
): Promise<object | null> {
  if (!scored) return logprobs.length > 0 ? toLogprobs(logprobs) : null;
  const { promptLogprobs } = await scored.by.result;
  const ended: ListedToken[] =
    logprobs.length === 0 && reason === 'stop' ? [{ text: engine.info.eosText, logprob: null, top: null }] : [];
  const first: ListedToken = { text: scored.firstToken, logprob: null, top: null };
  return toLogprobs([first, ...promptLogprobs, ...logprobs, ...ended]);
}

/** Ids of tokens that were computed; the text of an answer comes later where it may yet become a stop text. */
const idsOf = ({ return_token_ids: wanted }: CompletionRequest, tokens: Iterable<number>) =>
  wanted ? { token_ids: [...tokens] } : {};

const finishReason = ({ finishReason: reason }: GenerationResult) => (reason === 'length' ? 'length' : 'stop');

/** `n`: answers of each prompt, side by side. A prompt counts once: what the first of them has computed the others find cached. */
function toUsage(results: readonly GenerationResult[], n: number): object {
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const ofPrompts = (pick: (usage: Usage) => number) =>
    sum(
      results.flatMap((_, at) =>
        at % n === 0 ? [Math.min(...results.slice(at, at + n).map((r) => pick(r.usage)))] : [],
      ),
    );
  const prompt = ofPrompts(({ promptTokens }) => promptTokens);
  const isKnown = results.every(({ usage }) => usage.cachedTokens !== null);
  const output = sum(results.map(({ usage }) => usage.outputTokens));
  return {
    prompt_tokens: prompt,
    completion_tokens: output,
    total_tokens: prompt + output,
    prompt_tokens_details: { cached_tokens: isKnown ? ofPrompts(({ cachedTokens }) => cachedTokens ?? 0) : null },
  };
}
