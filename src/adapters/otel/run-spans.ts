import { type Context, context, type Span, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import type { RunAbout, RunEvent } from '../../observe/run-watch.js';
import * as names from './names.js';

/** Spans of agent runs and workflows, with their steps and tools. */
export class RunSpans {
  readonly #tracer: Tracer;
  /** By program: where its requests belong. */
  readonly #live = new Map<number, () => Context>();

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  /** The context that a request of this program belongs to: the step under way, else the run; undefined: no run's. */
  of(program: number): Context | undefined {
    return this.#live.get(program)?.();
  }

  began({ kind, program, tenant }: RunAbout): (event: RunEvent) => void {
    const operation = names.INVOKE[kind];
    const attributes = { ...{ [names.OPERATION]: operation, [names.PROVIDER]: 'banyan' }, ...owner(program, tenant) };
    const outer = context.active();
    const run = this.#tracer.startSpan(operation, { attributes }, outer);
    const inRun = trace.setSpan(outer, run);
    const steps = new Map<number, Span>();
    const tools = new Map<string, Span>();
    const inStep = (step: number) => {
      const span = steps.get(step);
      return span ? trace.setSpan(inRun, span) : inRun;
    };
    // An agent has one step at a time. Of nodes that run side by side it is not known which one asks.
    this.#live.set(program, () => (kind === 'agent' ? inStep(Math.max(...steps.keys())) : inRun));
    return (event) => {
      switch (event.type) {
        case 'step-began': {
          const { step, name } = event;
          steps.set(step, this.#tracer.startSpan(name, { attributes: { [names.STEP]: step } }, inRun));
          break;
        }
        case 'step-ended':
          end(steps.get(event.step), event.ok);
          steps.delete(event.step);
          break;
        case 'tool-began':
          tools.set(event.id, this.#tool(event, inStep(event.step)));
          break;
        case 'tool-ended': {
          const started = event.ahead ? { startTime: Date.now() - event.ms } : {};
          const span = tools.get(event.id) ?? this.#tool(event, inStep(event.step), started);
          end(span, event.ok);
          tools.delete(event.id);
          break;
        }
        case 'run-ended':
          this.#live.delete(program);
          for (const span of [...tools.values(), ...steps.values()]) end(span, false);
          run.setAttribute(names.STOP_REASON, event.reason);
          if (!event.ok) run.setAttribute(names.ERROR_TYPE, event.reason);
          end(run, event.ok);
          break;
      }
    };
  }

  #tool({ id, tool }: { id: string; tool: string }, parent: Context, started: { startTime?: number } = {}): Span {
    const attributes = { [names.OPERATION]: names.EXECUTE_TOOL, [names.TOOL_NAME]: tool, [names.TOOL_CALL]: id };
    return this.#tracer.startSpan(`${names.EXECUTE_TOOL} ${tool}`, { attributes, ...started }, parent);
  }
}

/** Whose work it is. */
export const owner = (program: number, tenant: string) => ({
  ...(program !== 0 && { [names.CONVERSATION]: String(program) }),
  ...(tenant !== '' && { [names.TENANT]: tenant }),
});

function end(span: Span | undefined, ok: boolean): void {
  if (!ok) span?.setStatus({ code: SpanStatusCode.ERROR });
  span?.end();
}
