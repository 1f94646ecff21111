import { expect, test } from 'vitest';
import { toEbnf } from '../../src/remote/dialects/ebnf.js';

test.each([
  ['space ::= | " " | "\\n"{1,2} [ \\t]{0,20}', 'space ::= "" | " " | "\\n"{1,2} [ \\t]{0,20}'],
  ['root ::= ("a" | ) "b"', 'root ::= ("a" | "" ) "b"'],
  ['root ::= (|"a") x\nx ::= "b" ||"c"', 'root ::= ("" |"a") x\nx ::= "b" |"" |"c"'],
  ['root ::= ()', 'root ::= ("" )'],
  ['root ::= "a" |', 'root ::= "a" | ""'],
  ['root ::= "a" | # none\n', 'root ::= "a" | # none\n ""'],
  ['root ::= # what follows\n  | "a"', 'root ::= # what follows\n  "" | "a"'],
])('%j: an empty alternative is written', (gbnf, ebnf) => {
  expect(toEbnf(gbnf)).toBe(ebnf);
});

test.each(['root ::= "(|)" [(|\\]"] "\\"|" x-1\nx-1 ::= "a" | "b" # (|\n', 'root ::= ("a" | "b")+ "::=|"'])(
  '%j has none, and stays as it is',
  (gbnf) => {
    expect(toEbnf(gbnf)).toBe(gbnf);
  },
);
