/** No line of an answer is longer: a piece of a text, the arguments of a call. */
const LONGEST_LINE = 8 << 20;
const NEWLINE = 10;

/**
 * Fetch for providers' packages that breaks off an answer in which a line has more than 8 MiB: `createOpenAI({ fetch: boundedFetch })`.
 * Their own gathers a line of any length in memory.
 */
export const boundedFetch: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  const { body, status, statusText, headers } = response;
  return body ? new Response(body.pipeThrough(boundedLines()), { status, statusText, headers }) : response;
};

function boundedLines(): TransformStream<Uint8Array, Uint8Array> {
  let length = 0;
  return new TransformStream({
    transform(chunk, controller) {
      const last = chunk.lastIndexOf(NEWLINE);
      length = last < 0 ? length + chunk.length : chunk.length - last - 1;
      if (length > LONGEST_LINE) controller.error(new Error(`a line has more than ${LONGEST_LINE} bytes`));
      else controller.enqueue(chunk);
    },
  });
}
