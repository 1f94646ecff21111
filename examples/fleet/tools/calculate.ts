import { defineTool } from 'banyan';
import { Parser } from 'expr-eval-fork';
import { type TextLimits, textField } from './text-field.js';

const LONGEST = 500;

/** Arithmetic only: no names to assign, no members to reach, no functions but these. */
const parser = new Parser({
  allowMemberAccess: false,
  operators: {
    assignment: false,
    fndef: false,
    in: false,
    random: false,
    length: false,
    concatenate: false,
    factorial: false,
  },
});
parser.functions = { min: Math.min, max: Math.max, pow: Math.pow };

export function calculateTool(limits: TextLimits) {
  return defineTool({
    name: 'calculate',
    description: 'Evaluate an arithmetic expression',
    input: { type: 'object', properties: { expression: textField(limits) }, required: ['expression'] },
    execute: (input) => ({ result: calculate((input as { expression: string }).expression) }),
  });
}

/** Throws when the text is no arithmetic, or its value no finite number. */
export function calculate(expression: string): number {
  if (expression.length > LONGEST) throw new Error(`longer than ${LONGEST} characters`);
  const written = expression
    .replaceAll('×', '*')
    .replaceAll('÷', '/')
    .replaceAll('**', '^')
    .replaceAll(/(?<=\d),(?=\d{3}\b)/g, '');
  const value: unknown = parser.evaluate(written);
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new Error('the result is not a number');
  return Number(value.toPrecision(12));
}
