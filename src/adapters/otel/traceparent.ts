import { type Context, isSpanContextValid, type SpanContext, trace } from '@opentelemetry/api';

const FORM = /^(?!ff)[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:$|-)/;

/** A context whose span is the remote caller's, by its `traceparent`; what is none changes nothing. */
export function withCaller(context: Context, traceparent: string | undefined): Context {
  const [, traceId = '', spanId = '', flags = ''] = FORM.exec(traceparent ?? '') ?? [];
  const span: SpanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
  return isSpanContextValid(span) ? trace.setSpanContext(context, span) : context;
}
