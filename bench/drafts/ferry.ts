import type { ToolSpec } from '../../src/index.js';

const HARBOURS = ['Bergen', 'Oslo', 'Tromso', 'Bodo', 'Molde'];

/** A text that cannot fill an answer. */
export const WORD = { type: 'string', maxLength: 16 } as const;

/** A schema of an object that has all of these properties and no others. */
export const objectOf = (properties: Record<string, object>) => ({
  ...{ type: 'object', properties, required: Object.keys(properties) },
  additionalProperties: false,
});

const BOOKING = objectOf({
  departure_harbour: WORD,
  arrival_harbour: WORD,
  number_of_passengers: { type: 'integer', minimum: 1, maximum: 99 },
  with_vehicle: { type: 'boolean' },
});
const book: ToolSpec = { name: 'book_ferry', description: 'Books a ferry.', parameters: BOOKING };

/** A question whose answer is a call of its tool, as our engine and as llama-server is told of it. */
export const FERRY = {
  text: (index: number) => {
    const [from, to] = [index, index + 2].map((at) => HARBOURS[at % HARBOURS.length]);
    return `Book a ferry from ${from} to ${to} for ${index + 1} passengers.`;
  },
  ours: { tools: [book], toolChoice: 'required' as const },
  theirs: { tools: [{ type: 'function', function: book }], tool_choice: 'required' },
};
