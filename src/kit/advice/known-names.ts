/** What other libraries call our options: llama.cpp, Ollama, node-llama-cpp, OpenAI, AI SDK, LangChain, MCP. */
const ELSEWHERE: Record<string, readonly string[]> = {
  model: ['modelPath', 'modelId', 'modelName', 'path', 'file'],
  maxTokens: ['maxOutputTokens', 'maxCompletionTokens', 'maxNewTokens', 'numPredict', 'nPredict'],
  maxContext: ['contextSize', 'contextLength', 'numCtx', 'nCtx', 'ctxSize', 'maxModelLen'],
  gpuLayers: ['nGpuLayers', 'numGpu', 'gpu'],
  threads: ['numThread', 'nThreads', 'maxThreads'],
  maxRunning: ['sequences', 'maxNumSeqs', 'parallel', 'concurrency'],
  maxBatchTokens: ['batchSize', 'nBatch', 'numBatch'],
  system: ['systemPrompt', 'systemMessage', 'instructions'],
  schema: ['responseFormat', 'format', 'jsonSchema', 'outputSchema', 'output'],
  stop: ['stopSequences', 'customStopTriggers', 'stopTokens'],
  signal: ['abortSignal', 'abortController', 'stopSignal'],
  thinking: ['think', 'reasoning', 'enableThinking'],
  topK: ['k'],
  logprobs: ['topLogprobs', 'nProbs'],
  limits: ['maxSteps', 'maxTurns', 'maxIterations', 'stopWhen', 'maxToolCalls'],
  tenant: ['user', 'cacheSalt'],
  input: ['parameters', 'inputSchema', 'schema', 'params', 'args', 'argsSchema'],
  execute: ['handler', 'func', 'function', 'fn', 'run', 'invoke', 'call', 'callback'],
  timeoutMs: ['timeout'],
};

/** `max_tokens`, `max-tokens` and `maxTokens` are one name to people. */
const plain = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

/** The one of `known` that a caller most likely meant by `name`; undefined when none is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const asked = plain(name.slice(0, LONGEST));
  const same = known.find((candidate) => plain(candidate) === asked);
  if (same !== undefined) return same;
  const renamed = known.find((candidate) => ELSEWHERE[candidate]?.some((other) => plain(other) === asked));
  if (renamed !== undefined) return renamed;
  const [nearest] = known
    .map((candidate) => ({ candidate, distance: editDistance(asked, plain(candidate)) }))
    .filter(({ candidate, distance }) => distance <= Math.max(1, Math.floor(candidate.length / 3)))
    .sort((a, b) => a.distance - b.distance);
  return nearest?.candidate;
}

/** Names longer than this are no misspelling of ours. */
const LONGEST = 40;

/** Insertions, deletions, replacements and swaps of neighbours that make `b` of `a`. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(at(last, j) + 1, at(row, j - 1) + 1, replaced, swapped ? at(before, j - 2) + 1 : LONGEST);
    }
    [before, last] = [last, row];
  }
  return at(last, b.length);
}

const at = (row: readonly number[], index: number) => row[index] ?? LONGEST;
