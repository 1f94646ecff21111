/** Fields of requests by the options that they come of. */
const OPTIONS: Readonly<Record<string, string>> = {
  ...{ temperature: 'temperature', top_k: 'topK', top_p: 'topP', min_p: 'minP', seed: 'seed', stop: 'stop' },
  ...{ max_tokens: 'maxTokens', max_completion_tokens: 'maxTokens', n_predict: 'maxTokens', ignore_eos: 'ignoreEos' },
  ...{ frequency_penalty: 'frequencyPenalty', presence_penalty: 'presencePenalty', logit_bias: 'logitBias' },
  ...{ prompt: 'prompt', messages: 'messages', tools: 'tools', tool_choice: 'toolChoice', model: 'servedModel' },
  ...{ grammar: 'grammar', ebnf: 'grammar', guided_grammar: 'grammar', structured_outputs: 'grammar' },
  ...{ response_format: 'schema', cache_salt: 'tenant', priority: 'class', stop_sequences: 'stop' },
};

/**
 * The option that a server refuses, by the body of its 400: OpenAI's `{ error: { param } }`, or FastAPI's `{ detail: [{ loc }] }`.
 * Undefined: it names none that is known.
 */
export function refusedField(said: unknown): string | undefined {
  const { error, detail } = Object(parsed(said)) as { error?: unknown; detail?: unknown };
  const { param } = Object(error) as { param?: unknown };
  const { loc } = Object(Array.isArray(detail) ? detail[0] : undefined) as { loc?: unknown };
  const path = typeof param === 'string' ? param.split(/[.[]/) : Array.isArray(loc) ? loc : [];
  return path
    .map((name) => (typeof name === 'string' && Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined))
    .find((name) => name);
}

function parsed(said: unknown): unknown {
  if (typeof said !== 'string') return said;
  try {
    return JSON.parse(said);
  } catch {
    return undefined;
  }
}
