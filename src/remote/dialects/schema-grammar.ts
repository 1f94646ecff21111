/** llama.cpp's rule of that name (common/json-schema-to-grammar.cpp), which compiled schemas refer to. */
const SPACE = String.raw`| " " | "\n"{1,2} [ \t]{0,20}`;

/** The part of a compiled schema (src/schema) that says which texts pass; its other keywords are for formats of calls. */
interface Rules {
  'x-rule': string;
  'x-rules': Record<string, string>;
}

/**
 * The GBNF of a compiled schema, for engines that take a grammar: their own reading of a schema would know nothing of the rules
 * that its keywords have become, and leaves whitespace without a bound, in which a small model may not find an end.
 */
export function schemaGrammar(jsonSchema: string): string {
  const { 'x-rule': root, 'x-rules': rules } = JSON.parse(jsonSchema) as Rules;
  const all = { root, ...rules, space: SPACE };
  return Object.entries(all)
    .map(([name, body]) => `${name} ::= ${body}\n`)
    .join('');
}
