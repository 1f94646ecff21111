import { context, type Span, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import type { Engine } from '../../engine/engine.js';
import type { RequestAbout, RequestStep } from '../../engine/watch/request-watch.js';
import { callerTrace } from '../../observe/caller-trace.js';
import { watchRuns } from '../../observe/run-watch.js';
import * as names from './names.js';
import { owner, RunSpans } from './run-spans.js';
import { withCaller } from './traceparent.js';

/** How spans are made. */
export interface TraceOptions {
  /** Default: the global one of OpenTelemetry's API, named `banyan`. */
  tracer?: Tracer | undefined;
}

/**
 * Makes spans of all that an engine is asked from now on: `invoke_agent` > a step > `chat <model>` and `execute_tool <tool>`. A request
 * belongs to the span that is active where it was begun, or to the one that a client of a server names by `traceparent`. No text is told.
 * Returns what ends that. Throws CLOSED.
 */
export function traceEngine(engine: Engine, { tracer = trace.getTracer('banyan') }: TraceOptions = {}): () => void {
  const runs = new RunSpans(tracer);
  const { name, architecture } = engine.info;
  const model = name || architecture;
  const leave = [
    engine.watchRequests((about) => chat(begin(tracer, runs, model, about))),
    watchRuns((run) => (run.host === engine ? runs.began(run) : undefined)),
  ];
  return () => {
    for (const end of leave) end();
  };
}

function begin(tracer: Tracer, runs: RunSpans, model: string, about: RequestAbout): Span {
  const { class: asked, label, maxTokens, program, tenant } = about;
  const attributes = {
    ...{ [names.OPERATION]: names.CHAT, [names.PROVIDER]: 'banyan', [names.REQUEST_MODEL]: model },
    ...{ [names.CLASS]: asked, ...owner(program, tenant) },
    ...(label !== '' && { [names.LABEL]: label }),
    ...(maxTokens >= 0 && { [names.MAX_TOKENS]: maxTokens }),
  };
  const parent = runs.of(program) ?? withCaller(context.active(), callerTrace.getStore());
  return tracer.startSpan(`${names.CHAT} ${model}`, { attributes }, parent);
}

/** Tells a request's span what becomes of it. */
function chat(span: Span): (event: RequestStep) => void {
  let begun = false;
  return (event) => {
    switch (event.type) {
      case 'admitted':
        span.addEvent(names.ADMITTED, { [names.CACHED_TOKENS]: event.cachedTokens ?? undefined });
        break;
      case 'tokens':
        if (!begun) span.addEvent(names.FIRST_TOKEN);
        begun = true;
        break;
      case 'ended': {
        const { reason, usage } = event;
        span.setAttributes({
          [names.FINISH_REASONS]: [reason],
          [names.INPUT_TOKENS]: usage.promptTokens,
          [names.OUTPUT_TOKENS]: usage.outputTokens,
          [names.CACHED_TOKENS]: usage.cachedTokens ?? undefined,
          [names.QUEUE_MS]: usage.queueMs,
          [names.TTFT_MS]: usage.ttftMs,
          [names.MISS]: usage.miss.reason,
          [names.PREEMPTIONS]: usage.preemptions,
        });
        span.end();
        break;
      }
      case 'failed':
        span.setAttribute(names.ERROR_TYPE, event.code);
        span.setStatus({ code: SpanStatusCode.ERROR, message: event.code });
        span.end();
        break;
    }
  };
}
