import { LruCache } from '../kit/lru-cache.js';
import { alternativesOf } from './alternatives.js';
import { type Complaint, checkValue } from './check-value.js';
import { grammarSchema } from './grammar/grammar-schema.js';
import { jsonText } from './json.js';
import { emptyNode, type JsonType, type SchemaNode } from './node.js';
import { readSchema, SchemaProblem } from './read-schema.js';
import { typesOf } from './shape.js';
import { spend, TooMuchWork, within } from './work.js';

/** A JSON Schema made ready: how to write its values and how to check them. */
export interface CompiledJson {
  /** For native code: JSON of a GrammarSchema. */
  readonly grammar: string;
  /** Why the value does not pass; undefined: it does. */
  complaint(value: unknown): Complaint | undefined;
}

const compiled = new LruCache<CompiledJson | SchemaProblem>(1_024, 2 ** 21);

/** Nothing else runs meanwhile: below 100 ms, also on a slow machine. */
const MOST_WORK = 80_000;

/** What the values are for: `arguments` of a call are objects. */
export type Use = 'answer' | 'arguments';

/** Equal texts are compiled once for each use. Throws SchemaProblem. */
export function compileJson(text: string, use: Use): CompiledJson {
  const result = compiled.get(`${use} ${text}`, () => tryCompile(text, use));
  if (result instanceof SchemaProblem) throw result;
  return result;
}

function tryCompile(text: string, use: Use): CompiledJson | SchemaProblem {
  try {
    return within(MOST_WORK, () => {
      spend(text.length / 50);
      const root = readSchema(JSON.parse(text));
      const calls = use === 'arguments';
      const grammar = jsonText(grammarSchema(calls ? objects(root) : root, `${use} ${text}`, calls));
      return { grammar, complaint: (value) => checkValue(root, value) };
    });
  } catch (thrown) {
    if (thrown instanceof SchemaProblem) return thrown;
    if (thrown instanceof TooMuchWork) return new SchemaProblem('#', thrown.message);
    throw thrown;
  }
}

/** Those values of a schema that are objects. */
function objects(root: SchemaNode): SchemaNode {
  const isObject = { ...emptyNode('#', 0), types: new Set<JsonType>(['object']) };
  if (alternativesOf([root, isObject]).every((nodes) => !typesOf(nodes).has('object'))) {
    throw new SchemaProblem('#', 'it lets no object through, and a call has named arguments');
  }
  return { ...emptyNode('#', OBJECTS), allOf: [root, isObject] };
}

const OBJECTS = 3_000_000_000;
