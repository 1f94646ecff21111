import type { CallCost, CallOptions, RunningCall, System } from '../../testing/drive/system.js';

export interface OpenAiOptions {
  name: string;
  /** Such as `http://127.0.0.1:8000/v1`. */
  url: string;
  apiKey?: string | undefined;
  /** Default: the first model that the server names. */
  model?: string | undefined;
}

/** How urgent a call is, in OpenAI's words: what a server makes of it is its own. */
const TIERS: Readonly<Record<NonNullable<CallOptions['class']>, string | undefined>> = {
  interactive: 'priority',
  workflow: undefined,
  background: 'flex',
};

interface Chunk {
  choices?: { token_ids?: number[]; text?: string }[];
  usage?: { prompt_tokens: number; prompt_tokens_details?: { cached_tokens?: number } };
}

/**
 * Any server of OpenAI's completions that takes prompts of token ids and tells those of its answers (`return_token_ids`, as
 * vLLM and SGLang do). It is started by its owner and keeps its cache between runs, so contents differ from run to run.
 * Tokens from the cache are known where the server tells them, CPU time is not.
 */
export class OpenAiSystem implements System {
  readonly name: string;
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #model: string;

  private constructor(name: string, url: string, headers: Record<string, string>, model: string) {
    this.name = name;
    this.#url = url;
    this.#headers = headers;
    this.#model = model;
  }

  static async open(options: OpenAiOptions): Promise<OpenAiSystem> {
    const { name, apiKey, model } = options;
    const url = options.url.replace(/\/$/, '');
    const headers = { 'content-type': 'application/json', ...(apiKey && { authorization: `Bearer ${apiKey}` }) };
    return new OpenAiSystem(name, url, headers, model ?? (await firstModel(url, headers)));
  }

  start(prompt: readonly number[], outputTokens: number, _program: number, options: CallOptions = {}): RunningCall {
    const stop = new AbortController();
    const tier = TIERS[options.class ?? 'workflow'];
    return { done: this.#answer(prompt, outputTokens, tier, stop.signal), cancel: () => stop.abort() };
  }

  /** Not told, and the client's own is not what is asked. */
  cpuMs(): number {
    return Number.NaN;
  }

  async #answer(
    prompt: readonly number[],
    outputTokens: number,
    tier: string | undefined,
    stop: AbortSignal,
  ): Promise<CallCost> {
    const began = performance.now();
    const cost: CallCost = {
      tokens: [],
      promptTokens: prompt.length,
      prefilledTokens: prompt.length,
      queueMs: 0,
      ttftMs: 0,
      gapsMs: [],
    };
    try {
      for await (const { choices, usage } of this.#stream(prompt, outputTokens, tier, stop)) {
        const ids = choices?.[0]?.token_ids ?? [];
        if (ids.length > 0 && cost.ttftMs === 0) cost.ttftMs = performance.now() - began;
        cost.tokens.push(...ids);
        if (usage) cost.prefilledTokens = prompt.length - (usage.prompt_tokens_details?.cached_tokens ?? 0);
      }
    } catch (error) {
      if (!stop.aborted) throw error;
    }
    if (!stop.aborted && cost.tokens.length !== outputTokens) {
      const told = cost.tokens.length === 0 ? 'no token ids (return_token_ids)' : `${cost.tokens.length} tokens`;
      throw new Error(`${this.name} answered with ${told} instead of ${outputTokens}`);
    }
    return cost;
  }

  async *#stream(
    prompt: readonly number[],
    outputTokens: number,
    tier: string | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<Chunk> {
    const response = await fetch(`${this.#url}/completions`, {
      method: 'POST',
      headers: this.#headers,
      signal,
      body: JSON.stringify({
        model: this.#model,
        prompt,
        max_tokens: outputTokens,
        min_tokens: outputTokens,
        ignore_eos: true,
        temperature: 0,
        service_tier: tier,
        stream: true,
        stream_options: { include_usage: true },
        return_token_ids: true,
      }),
    });
    if (!response.ok || !response.body) throw new Error(`${this.#url}: ${response.status} ${await response.text()}`);
    let rest = '';
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line.startsWith('data: {')) yield JSON.parse(line.slice('data: '.length)) as Chunk;
      }
    }
  }

  /** Nothing to do: the next run has other contents. */
  async forget(): Promise<void> {}

  async close(): Promise<void> {}
}

async function firstModel(url: string, headers: Record<string, string>): Promise<string> {
  const response = await fetch(`${url}/models`, { headers });
  if (!response.ok) throw new Error(`${url}/models: ${response.status} ${await response.text()}`);
  const [first] = ((await response.json()) as { data: { id: string }[] }).data;
  if (!first) throw new Error(`${url}/models names no model`);
  return first.id;
}
