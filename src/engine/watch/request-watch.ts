import type { Backend } from '../../backend/backend.js';
import type { ErrorCode } from '../../kit/errors.js';
import { asBanyanError } from '../../kit/errors.js';
import type { CallUsage } from '../../native/reports/usage.js';
import type { FinishReason, NativeClass } from '../../native/vocabulary.js';
import { type Watcher, Watchers } from '../../observe/watchers.js';
import type { Completion, OutputEvent, Request } from '../request.js';
import type { RequestSettings } from '../request-options.js';

/** A request that begins. */
export interface RequestAbout {
  readonly tenant: string;
  readonly class: NativeClass;
  /** Number of the program that it is of; 0: none. */
  readonly program: number;
  /** The option's, or ''. */
  readonly label: string;
  /** Tokens that its answer may have; -1: to the end of the context. */
  readonly maxTokens: number;
}

/** What becomes of a request, in order; `ended` or `failed` is its last. */
export type RequestStep =
  | OutputEvent
  /** `started` false: it was cancelled before its prompt was made, and cost nothing. `calls`: names of the tools it called. */
  | {
      readonly type: 'ended';
      readonly started: boolean;
      readonly reason: FinishReason;
      readonly usage: CallUsage;
      readonly calls: readonly string[];
    }
  | { readonly type: 'failed'; readonly code: ErrorCode };

export type RequestWatcher = Watcher<RequestAbout, RequestStep>;

const watchers = new WeakMap<Backend, Watchers<RequestAbout, RequestStep>>();

/** Tells a watcher of each request that begins from now on. Returns what ends that. */
export function watchRequests(backend: Backend, watcher: RequestWatcher): () => void {
  const all = watchers.get(backend) ?? new Watchers();
  watchers.set(backend, all);
  return all.add(watcher);
}

/** Tells those who watch of this request, from now to its end. Unwatched it costs nothing. */
export function tellRequestWatchers(
  backend: Backend,
  request: Pick<Request, 'completion' | 'label' | 'log'>,
  settings: Pick<RequestSettings, 'salt' | 'class' | 'program' | 'maxTokens'>,
): void {
  const { salt: tenant, class: asked, program, maxTokens } = settings;
  const tell = watchers.get(backend)?.begin(() => ({ tenant, class: asked, program, label: request.label, maxTokens }));
  if (!tell) return;
  request.log.follow(tell);
  const ended = ({ prepared, reason, usage, message }: Completion) => {
    if (reason === 'error') return tell({ type: 'failed', code: 'ENGINE_FAILED' });
    const calls = message.toolCalls.map(({ name }) => name);
    return tell({ type: 'ended', started: prepared !== undefined, reason, usage, calls });
  };
  request.completion.then(ended, (reason) => tell({ type: 'failed', code: asBanyanError(reason).code }));
}
