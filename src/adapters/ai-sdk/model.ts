import { randomUUID } from 'node:crypto';
import type { Engine } from '../../engine/engine.js';
import type { GenerationEvent } from '../../engine/generation.js';
import { isBanyanError } from '../../kit/errors.js';
import type { ChangeKind } from '../../stateless/cache/changes.js';
import type { Callers } from '../../stateless/callers.js';
import type { PendingAnswer } from '../../stateless/pending-answer.js';
import { Signatures } from '../../stateless/signature.js';
import { toCall } from './call.js';
import { PartWriter } from './parts.js';
import type {
  CallOptions,
  Content,
  Generated,
  LanguageModel,
  Streamed,
  StreamPart,
  Version,
  Warning,
} from './specification.js';
import { FAILED, finished } from './usage.js';

/** What of a prompt's changes a program should hear of, by the words of a warning. */
const FEATURES: Partial<Record<ChangeKind, string>> = {
  'tool-schema': 'schemas of tools',
  'late-system': 'system messages in the midst',
};

/** An answer under way, and what the AI SDK wants to know of it. */
interface Asked {
  answer: PendingAnswer;
  warnings: Warning[];
  response: { id: string; timestamp: Date; modelId: string };
}

/** An engine as a language model of the AI SDK, in this process. */
export class EngineModel<Of extends Version> implements LanguageModel<Of> {
  readonly specificationVersion: Of;
  readonly provider = 'banyan';
  readonly modelId: string;
  readonly supportedUrls = {};
  readonly #callers: Callers;
  readonly #signatures: Signatures;

  constructor(engine: Engine, callers: Callers, version: Of, modelId: string) {
    this.specificationVersion = version;
    this.modelId = modelId;
    this.#callers = callers;
    this.#signatures = new Signatures(engine.info.digest);
  }

  /** Rejects with BanyanErrors, and as `fetch` does with what the signal was aborted with. */
  async doGenerate(options: CallOptions): Promise<Generated> {
    const { answer, warnings, response } = this.#ask(options);
    const content: Content[] = [];
    const writer = new PartWriter(this.#signatures);
    try {
      for await (const event of answer) for (const part of writer.event(event)) collect(content, part);
      const result = await answer.result;
      for (const part of writer.end(result, answer.reasoningTokens)) collect(content, part);
      return { content, ...finished(result, answer.reasoningTokens), response, warnings };
    } catch (reason) {
      throw asAborted(reason, options.abortSignal);
    }
  }

  /** What fails after the beginning is a part `error`, and the end's reason; an abort errors the stream. */
  async doStream(options: CallOptions): Promise<Streamed> {
    const asked = this.#ask(options);
    const parts = this.#parts(asked, options);
    const stream = new ReadableStream<StreamPart>({
      async pull(controller) {
        try {
          const { done, value } = await parts.next();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (reason) {
          controller.error(reason);
        }
      },
      cancel: () => asked.answer.cancel(),
    });
    return { stream };
  }

  async *#parts({ answer, warnings, response }: Asked, options: CallOptions): AsyncGenerator<StreamPart, void> {
    yield { type: 'stream-start', warnings };
    yield { type: 'response-metadata', ...response };
    const writer = new PartWriter(this.#signatures);
    try {
      for await (const event of answer) {
        if (options.includeRawChunks) yield { type: 'raw', rawValue: event satisfies GenerationEvent };
        yield* writer.event(event);
      }
      yield* writer.end(await answer.result, answer.reasoningTokens);
    } catch (reason) {
      if (options.abortSignal?.aborted) throw asAborted(reason, options.abortSignal);
      yield { type: 'error', error: reason };
      yield { type: 'finish', ...FAILED };
    }
  }

  #ask(options: CallOptions): Asked {
    const call = toCall(options, this.#signatures);
    const { ttftLimitMs } = call.options;
    const { answer, changes } = this.#callers.ask(call, { run: call.run, ttftLimitMs, signal: options.abortSignal });
    for (const { kind, what: details } of changes) {
      const feature = FEATURES[kind];
      if (feature !== undefined) call.warnings.push({ type: 'compatibility', feature, details });
    }
    const response = { id: randomUUID(), timestamp: new Date(), modelId: this.modelId };
    return { answer, warnings: call.warnings, response };
  }
}

/** The whole answer, of its parts. */
function collect(content: Content[], part: StreamPart): void {
  const last = content.at(-1);
  if (part.type === 'text-start' || part.type === 'reasoning-start') {
    content.push({ type: part.type === 'text-start' ? 'text' : 'reasoning', text: '' });
  }
  if (part.type === 'tool-call') content.push(part);
  if (!last || last.type === 'tool-call') return;
  if (part.type === 'text-delta' || part.type === 'reasoning-delta') last.text += part.delta;
  if (part.type === 'reasoning-end' && part.providerMetadata) last.providerMetadata = part.providerMetadata;
}

function asAborted(reason: unknown, signal: AbortSignal | undefined): unknown {
  return isBanyanError(reason) && reason.code === 'ABORTED' && signal?.aborted ? signal.reason : reason;
}
