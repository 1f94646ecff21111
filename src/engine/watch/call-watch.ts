import type { Backend } from '../../backend/backend.js';
import type { ChatMessage } from '../../chat/chat-message.js';
import type { ToolSpec } from '../../chat/tool-spec.js';
import { SafeSink } from '../../kit/event-sink.js';
import type { CallUsage } from '../../native/reports/usage.js';
import type { FinishReason } from '../../native/vocabulary.js';
import type { JsonSchema } from '../../schema/compile-schema.js';
import type { Completion, Request } from '../request.js';
import type { RequestSettings } from '../request-options.js';

/** What was asked, before it became tokens. */
export interface AskedCall {
  /** The whole conversation, or a text that goes on. */
  readonly said: readonly ChatMessage[] | string;
  readonly tools: readonly ToolSpec[];
  readonly tenant: string;
  /** False: the model was told not to think. */
  readonly thinking: boolean;
  /** Schema of the answer; undefined: none. */
  readonly schema: JsonSchema | undefined;
}

/** A call that has ended: what was asked, the tokens of both sides, and what it cost. */
export interface WatchedCall extends AskedCall {
  /** Token ids of the prompt, and of the answer as sampled. */
  readonly prompt: Int32Array;
  readonly output: readonly number[];
  /** Text of the answer. */
  readonly text: string;
  readonly usage: CallUsage;
  readonly finishReason: FinishReason;
  /** Names of the tools that it called. */
  readonly called: readonly string[];
  /** Number of the program that it is of; 0: none. */
  readonly program: number;
  /** The option's, or ''. */
  readonly label: string;
}

/** Is told of each call of an engine when it has ended. It should return soon; what it throws is uncaught, and ends its watch. */
export type CallWatcher = (call: WatchedCall) => void;

const watchers = new WeakMap<Backend, Set<SafeSink<WatchedCall>>>();

/** Tells a watcher of each call that begins from now on. Returns what ends that. */
export function watchCalls(backend: Backend, watcher: CallWatcher): () => void {
  const all = watchers.get(backend) ?? new Set();
  watchers.set(backend, all);
  const sink = new SafeSink<WatchedCall>({ event: watcher, end: () => {} }, () => all.delete(sink));
  all.add(sink);
  return () => {
    sink.stop();
    all.delete(sink);
  };
}

/** Tells those who watch of this request when it ends. Unwatched it costs nothing. Calls that never started, or failed, are not told. */
export function tellWatchers(
  backend: Backend,
  request: Pick<Request, 'completion' | 'label'>,
  { program }: Pick<RequestSettings, 'program'>,
  asked: () => AskedCall,
): void {
  const all = watchers.get(backend);
  if (!all || all.size === 0) return;
  const told = ({ prepared, tokens, message, usage, reason: finishReason }: Completion) => {
    if (!prepared) return;
    const answer = { output: tokens, text: message.content, usage, finishReason };
    const called = message.toolCalls.map(({ name }) => name);
    const call = { ...asked(), prompt: prepared.prompt, ...answer, called, program, label: request.label };
    for (const watcher of all) watcher.event(call);
  };
  request.completion.then(told, () => {});
}
