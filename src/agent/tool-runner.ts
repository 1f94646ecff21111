import type { ToolCall, ToolMessage } from '../chat/chat-message.js';
import { onAbort } from '../kit/abort-listeners.js';
import { wholeResult } from './results/result-source.js';
import { readResult, type ToolReading, toolErrorText } from './results/tool-result.js';
import type { Tool } from './tool.js';

export interface ToolOutcome {
  /** The call as the model made it. */
  call: ToolCall;
  /** False: unknown tool, invalid arguments, thrown error, timeout, MCP's `isError`; `content` tells the model. */
  ok: boolean;
  /** The text that goes back to the model. */
  content: string;
  /** Time in the tool, milliseconds. */
  ms: number;
}

/** What the model reads of it. */
export function toToolMessage({ call: { id, name }, content }: ToolOutcome): ToolMessage {
  return { role: 'tool', toolCallId: id, name, content };
}

export interface ToolRunOptions {
  /** Ends the wait at once; the tool sees it too. */
  signal: AbortSignal;
  /** Milliseconds for a tool without a timeout of its own. */
  timeoutMs: number;
  /** Longest result, in characters. */
  resultLimit: number;
}

/** The parts of one call that differ from the others of its step. */
export interface CallOptions extends ToolRunOptions {
  idempotencyKey: string;
  /** Awaited before the tool gets the call; when it rejects, the tool does not get it. */
  announce: () => Promise<void>;
}

/** Runs one call. Never rejects: whatever goes wrong is a result that the model can act on. */
export async function runTool(tools: readonly Tool[], call: ToolCall, options: CallOptions): Promise<ToolOutcome> {
  const started = performance.now();
  const outcome = ({ ok, content }: ToolReading): ToolOutcome => ({
    call,
    ok,
    content,
    ms: performance.now() - started,
  });
  const { resultLimit } = options;
  try {
    return outcome(readResult((await execute(tools, call, options)).value, resultLimit));
  } catch (reason) {
    return outcome({ ok: false, content: toolErrorText(reason, resultLimit) });
  }
}

async function execute(tools: readonly Tool[], call: ToolCall, options: CallOptions): Promise<{ value: unknown }> {
  const tool = tools.find(({ name }) => name === call.name);
  if (!tool) throw new Error(`there is no tool "${call.name}", only ${tools.map(({ name }) => name).join(', ')}`);
  if (call.input === undefined) throw new Error('the arguments are no JSON');
  const verdict = await tool.check(call.input);
  if (!verdict.ok) throw new Error(`invalid arguments: ${verdict.reason}`);
  await options.announce();
  const { idempotencyKey } = options;
  const timeoutMs = tool.timeoutMs ?? options.timeoutMs;
  return withinTime(timeoutMs, options.signal, async (signal) =>
    wholeResult(tool.execute(verdict.value as never, { signal, callId: call.id, idempotencyKey })),
  );
}

/** A tool that ignores its signal is left behind, not waited for. */
async function withinTime<Result>(
  ms: number,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  outer.throwIfAborted();
  const inner = new AbortController();
  const ended = new Promise<never>((_resolve, reject) => {
    inner.signal.addEventListener('abort', () => reject(inner.signal.reason), { once: true });
  });
  const forgetSignal = onAbort(outer, () => inner.abort(outer.reason));
  const timer = setTimeout(() => inner.abort(new Error(`no result within ${ms} ms`)), ms);
  try {
    return await Promise.race([work(inner.signal), ended]);
  } finally {
    clearTimeout(timer);
    forgetSignal();
  }
}
