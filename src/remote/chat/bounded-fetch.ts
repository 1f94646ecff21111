/** No event or line of an answer is longer: a piece of a text, the arguments of a call. No reply that says what went wrong is either. */
const LONGEST = 8 << 20;
const NEWLINE = 10;
const RETURN = 13;

/** What ends what must not be longer: an event ends with an empty line. */
type End = 'empty line' | 'line' | 'reply';

/**
 * Fetch for providers' packages that breaks off an answer in which an event, or a line where there are no events, has more than 8 MiB, and an
 * error of more: `createOpenAI({ fetch: boundedFetch })`. Their own gathers them in memory, however long they are. A request that met a closed connection is sent once more.
 */
export const boundedFetch: typeof fetch = async (input, init) => {
  const response = await fetchAgain(input, init);
  const { body, status, statusText, headers } = response;
  if (!body) return response;
  const events = headers.get('content-type')?.startsWith('text/event-stream');
  const end = status >= 400 ? 'reply' : events ? 'empty line' : 'line';
  return new Response(body.pipeThrough(bounded(end)), { status, statusText, headers });
};

/** What a request meets on a connection that its server has closed meanwhile, before a byte of the answer. */
const CLOSED: readonly unknown[] = ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'];

/** A kept connection may be closed as a request is written to it, which tells nothing of the server: it is sent once more, as browsers do. */
async function fetchAgain(...asked: Parameters<typeof fetch>): Promise<Response> {
  try {
    return await fetch(...asked);
  } catch (reason) {
    const { cause } = Object(reason) as { cause?: unknown };
    const { body } = asked[1] ?? {};
    const again = CLOSED.includes(Object(cause).code) && (body === undefined || typeof body === 'string');
    if (!again) throw reason;
    return await fetch(...asked);
  }
}

function bounded(end: End): TransformStream<Uint8Array, Uint8Array> {
  let length = 0;
  let empty = true; // the line so far
  return new TransformStream({
    transform(chunk, controller) {
      for (const byte of chunk) {
        length++;
        if (byte === NEWLINE) {
          if (end === 'line' || (end === 'empty line' && empty)) length = 0;
          empty = true;
        } else if (byte !== RETURN) empty = false;
        if (length > LONGEST) return controller.error(new Error(`its answer has a part of more than ${LONGEST} bytes`));
      }
      controller.enqueue(chunk);
    },
  });
}
