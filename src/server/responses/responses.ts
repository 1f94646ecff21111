import type { ChatMessage } from '../../chat/chat-message.js';
import type { GenerationResult } from '../../engine/generation.js';
import type { JsonSchema } from '../../schema/compile-schema.js';
import { totalWritten } from '../../stateless/cache/cache-report.js';
import { withoutBilling } from '../../stateless/cache/volatile-text.js';
import type { ChatCall } from '../../stateless/chat-call.js';
import { Signatures } from '../../stateless/signature.js';
import { answerMarks } from '../chat/answer-marks.js';
import { type Asked, ask } from '../chat/ask.js';
import { toSampling } from '../chat/sampling-fields.js';
import { classOf } from '../chat/service-tier.js';
import { given, parsedBody, unknownFields } from '../chat/wire-body.js';
import type { Exchange } from '../http/exchange.js';
import { HttpError, toHttpFailure } from '../http/http-error.js';
import { breakpointTtl } from '../openai/breakpoints.js';
import { AnswerItems } from './answer-items.js';
import { type ToldOfItems, toConversation } from './items.js';
import { toStatus, toUsage } from './output.js';
import { ReasoningSeal } from './reasoning-seal.js';
import { ResponseEvents } from './response-events.js';
import { type Head, toHead } from './response-head.js';
import type { ResponseStore, StoredResponse } from './store.js';
import { broughtTools, type Toolbox, toToolbox, toToolChoice } from './tools.js';
import { isReference, type ResponsesRequest, responsesRequest, type WireItem } from './wire.js';

/** POST /v1/responses, streamed or whole. What is thrown before the first byte is the app's to answer. */
export async function createResponse(exchange: Exchange, store: ResponseStore): Promise<void> {
  const raw = await exchange.body();
  const body = parsedBody(responsesRequest, raw);
  const ignored = unknownFields(responsesRequest, raw);
  const seal = new ReasoningSeal(new Signatures(exchange.engine.info.digest));
  const sent: WireItem[] =
    typeof body.input === 'string' ? [{ type: 'message', role: 'user', content: body.input }] : body.input;
  const input = sent.map((item, index) => (isReference(item) ? store.item(item.id, `input[${index}].id`) : item));
  const { conversation: past, brought: earlier } = before(body, store);
  const brought = [...earlier, ...broughtTools(input)];
  const toolbox = toToolbox([...(body.tools ?? []), ...brought], ignored);
  const told: ToldOfItems = { marks: [], changes: [], fields: past.map(() => 'previous_response_id'), ignored };
  const conversation = toConversation(past, input, seal, told, breakpointTtl(body.prompt_cache_options));
  const stated = withoutBilling(body.instructions, 'instructions', told.changes);
  const instructions: ChatMessage[] = stated ? [{ role: 'system', content: stated as string }] : [];
  const call: ChatCall = {
    messages: [...instructions, ...conversation],
    tools: toolbox.specs,
    options: toOptions(body, toolbox),
    ignored,
    changes: told.changes,
    marks: told.marks.map((mark) => ({ ...mark, message: mark.message + instructions.length })),
    fields: [...instructions.map(() => 'instructions'), ...told.fields],
  };
  const head = toHead(body, exchange.modelName, {
    ...exchange.engine.info.sampling,
    ...exchange.withDefaults(call.options),
  });
  const previous = body.previous_response_id;
  const asked = ask(exchange, call, { cacheKey: body.prompt_cache_key, id: head.id, previous });
  const keep = (response: object, result: GenerationResult, items: AnswerItems) => {
    if (body.store === false) return;
    const said: ChatMessage = {
      ...{ role: 'assistant', content: result.text },
      ...(result.reasoning && { reasoning: result.reasoning }),
      ...(items.calls.length > 0 && { toolCalls: items.calls }),
    };
    const whole = withAnswer(conversation, said, body.continue_final_message === true);
    store.put({ response: { id: head.id, ...response }, input, conversation: whole, brought });
  };
  if (body.stream) await streamed(exchange, asked, head, seal, toolbox, keep);
  else {
    const items = new AnswerItems(undefined, seal, toolbox.named);
    const result = await asked.answer.read((event) => items.event(event));
    const usage = toUsage(result.usage, asked.answer.reasoningTokens, totalWritten(await asked.cache));
    const response = ended(head, result, items, usage);
    keep(response, result, items);
    exchange.json(200, response, await asked.ended());
  }
}

async function streamed(
  exchange: Exchange,
  { answer, cache, begun }: Asked,
  head: Head,
  seal: ReasoningSeal,
  { named }: Toolbox,
  keep: (response: object, result: GenerationResult, items: AnswerItems) => void,
): Promise<void> {
  await answer.began(exchange.keepAliveMs);
  const headers = await begun();
  const events = new ResponseEvents((silence) => exchange.sse(headers, silence));
  events.tell('response.created', { response: { ...head, status: 'in_progress' } });
  events.tell('response.in_progress', { response: { ...head, status: 'in_progress' } });
  const items = new AnswerItems(events, seal, named);
  try {
    const result = await answer.read((event) => items.event(event));
    const usage = toUsage(result.usage, answer.reasoningTokens, totalWritten(await cache));
    const response = ended(head, result, items, usage);
    keep(response, result, items);
    events.tell(`response.${response.status}`, { response });
  } catch (reason) {
    const { code, message } = toHttpFailure(reason);
    events.tell('response.failed', {
      response: { ...head, status: 'failed', output: items.output, error: { code, message } },
    });
  }
  events.end();
}

/** What the response that this one goes on from leaves to it. Throws HttpError when it is not known (any more). */
function before(
  { previous_response_id: id }: ResponsesRequest,
  store: ResponseStore,
): Pick<StoredResponse, 'conversation' | 'brought'> {
  if (id == null) return { conversation: [], brought: [] };
  const stored = store.get(id);
  if (stored !== undefined) return stored;
  const message = `No response ${id} is kept here: it was not stored, has expired, or is another server's`;
  throw new HttpError(400, 'previous_response_not_found', message, 'previous_response_id');
}

/** `goesOn`: the answer is the rest of the last message. */
function withAnswer(before: readonly ChatMessage[], said: ChatMessage, goesOn: boolean): ChatMessage[] {
  const begun = goesOn ? before.at(-1) : undefined;
  if (begun === undefined) return [...before, said];
  return [...before.slice(0, -1), { ...begun, ...said, content: begun.content + said.content } as ChatMessage];
}

function toOptions(body: ResponsesRequest, toolbox: Toolbox): ChatCall['options'] {
  const format = body.text?.format;
  const effort = body.reasoning?.effort;
  return given({
    ...toSampling(body),
    maxTokens: body.max_output_tokens,
    schema: (format?.type === 'json_object' ? { type: 'object' } : format?.schema) as JsonSchema | undefined,
    thinking: effort === 'none' || effort === 'minimal' ? false : undefined,
    toolChoice: toToolChoice(body.tool_choice, toolbox),
    class: classOf(body.service_tier),
    parallelToolCalls: toolbox.specs.length > 0 ? body.parallel_tool_calls : undefined,
    // As the chat completions of vLLM and llama-server have it; of an answer that was cut this is the rest.
    continueAnswer: body.continue_final_message || undefined,
  });
}

function ended(head: Head, result: GenerationResult, items: AnswerItems, usage: object) {
  const status = toStatus(result);
  items.end(status.status === 'incomplete');
  return { ...head, ...status, output: items.output, usage, ...answerMarks(result) };
}
