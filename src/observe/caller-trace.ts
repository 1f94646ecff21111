import { AsyncLocalStorage } from 'node:async_hooks';

/** `traceparent` (W3C Trace Context) of the remote caller whose request is being answered, for those who trace. */
export const callerTrace = new AsyncLocalStorage<string>();
