import type { BackendRequest } from '../../backend/backend.js';
import type { BanyanError } from '../../kit/errors.js';
import type { ChatInput, NativeSampling } from '../../native/binding.js';
import type { NativeSamplingAdvice } from '../../native/reports/model-info.js';
import { cannot } from '../dialects/dialect.js';
import type { ChatCallOptions, ChatWarning } from './chat-model.js';
import { toPrompt } from './chat-prompt.js';
import type { Kept } from './kept.js';

/**
 * What a request has whose caller leaves it open: it is not sent, so that the provider's own holds. A temperature of 1 that is asked
 * for is another number, and is sent.
 */
export const OWN_SAMPLING: NativeSamplingAdvice = { temperature: 1 + Number.EPSILON, topK: 0, topP: 1, minP: 0 };

/** No answer is as long: it stands for no limit. */
const NO_LIMIT = 2 ** 30;

/** A request as the AI SDK has it. `session`: stands for the program; '': none. Throws INVALID_OPTION for what chat mode cannot say. */
export function toCallOptions(asked: BackendRequest, chat: ChatInput, kept: Kept, session: string): ChatCallOptions {
  checkSayable(asked, chat);
  const { maxTokens, stop } = asked;
  const format = chat.templateArgs.response_format;
  return {
    prompt: toPrompt(chat.messages, kept),
    ...(maxTokens > 0 && maxTokens < NO_LIMIT && { maxOutputTokens: maxTokens }),
    ...samplingOf(asked.sampling),
    ...(stop.length > 0 && { stopSequences: [...stop] }),
    ...(format !== undefined && {
      responseFormat: { type: 'json' as const, schema: JSON.parse(format), name: 'answer' },
    }),
    ...(chat.tools.length > 0 && { tools: chat.tools.map(toTool), toolChoice: { type: chat.toolChoice } }),
    ...adviceOf(chat, session),
  };
}

/** What two providers know besides; others pass over it. */
function adviceOf({ tools, parallelToolCalls }: ChatInput, session: string): Pick<ChatCallOptions, 'providerOptions'> {
  const one = tools.length > 0 && !parallelToolCalls;
  const openai = { ...(session !== '' && { promptCacheKey: session }), ...(one && { parallelToolCalls: false }) };
  const anthropic = { ...(one && { disableParallelToolUse: true }) };
  return { providerOptions: { openai, anthropic } };
}

/** At temperature 0 the likeliest token is taken, whatever share of the others may be chosen, and nothing is drawn. */
function samplingOf(sampling: NativeSampling): Partial<ChatCallOptions> {
  const { temperature, topK, topP, frequencyPenalty, presencePenalty, seed } = sampling;
  return {
    ...(temperature !== OWN_SAMPLING.temperature && { temperature }),
    ...(temperature !== 0 && topK > 0 && { topK }),
    ...(temperature !== 0 && topP < 1 && { topP }),
    ...(frequencyPenalty !== 0 && { frequencyPenalty }),
    ...(presencePenalty !== 0 && { presencePenalty }),
    ...(temperature !== 0 && seed >= 0 && { seed }),
  };
}

const NAME = 'chat mode';

function checkSayable(asked: BackendRequest, chat: ChatInput): void {
  const { sampling } = asked;
  const refused: [string, boolean][] = [
    ['maxTokens', asked.maxTokens === 0],
    ['grammar', chat.grammar !== ''],
    ['continueAnswer', chat.continueAnswer],
    ['thinking', !chat.enableThinking],
    ['logprobs', sampling.logprobs >= 0],
    ['promptLogprobs', asked.promptLogprobs >= 0],
    ['minP', sampling.temperature !== 0 && sampling.minP > 0],
    ['repeatPenalty', sampling.repeatPenalty !== 1],
    ['thinkingTokens', asked.thinkingTokens >= 0],
    ['deadlineMs', asked.deadlineMs > 0],
    ['ttftLimitMs', asked.ttftLimitMs > 0],
    ['tenant', asked.salt !== ''],
    ['cache', !asked.cache],
    ['logitBias', asked.logitBias.length > 0],
    ['ignoreEos', asked.ignoreEos],
  ];
  const [field] = refused.find(([, is]) => is) ?? [];
  if (field !== undefined) throw cannot(NAME, field);
}

function toTool(tool: unknown) {
  const { function: told } = tool as {
    function: { name: string; description: string; parameters: Record<string, unknown> };
  };
  return {
    type: 'function' as const,
    name: told.name,
    description: told.description,
    inputSchema: told.parameters,
  };
}

const FIELDS: Readonly<Record<string, string>> = { stopSequences: 'stop', responseFormat: 'schema' };

/**
 * A setting that the provider says it leaves out is an error: an answer without it is none to this request. A limit that is the
 * model's own is none: the answer ends there with `length`.
 */
export function refusalOf(warnings: readonly ChatWarning[]): BanyanError | undefined {
  const left = warnings.find(({ type, feature }) => type === 'unsupported' && feature !== 'maxOutputTokens');
  if (left?.feature === undefined) return undefined;
  return cannot(NAME, FIELDS[left.feature] ?? left.feature, left.details ?? 'the provider leaves it out');
}
