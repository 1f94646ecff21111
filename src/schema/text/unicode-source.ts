import { type AST, RegExpParser } from '@eslint-community/regexpp';

const parser = new RegExpParser({ ecmaVersion: 2024 });

/**
 * The pattern as the `u` flag wants it: JSON Schema patterns are Unicode, and many in the wild only parse without the flag
 * (`[\w-.]`, `\-`). Throws SyntaxError for what is no pattern either way.
 */
export function toUnicodeSource(pattern: string): string {
  try {
    new RegExp(pattern, 'u');
    return pattern;
  } catch {
    return source(parser.parsePattern(pattern, undefined, undefined, { unicode: false }));
  }
}

function source(
  node: AST.Pattern | AST.Element | AST.Alternative | AST.CharacterClassElement | AST.CharacterSet,
): string {
  switch (node.type) {
    case 'Pattern':
      return node.alternatives.map(source).join('|');
    case 'Alternative':
      return node.elements.map(source).join('');
    case 'Group':
      return `(?:${node.alternatives.map(source).join('|')})`;
    case 'CapturingGroup':
      return `(${node.name ? `?<${node.name}>` : ''}${node.alternatives.map(source).join('|')})`;
    case 'Quantifier':
      return source(node.element) + node.raw.slice(node.element.raw.length);
    case 'Assertion':
      if (node.kind !== 'lookahead' && node.kind !== 'lookbehind') return node.raw;
      return `(?${node.kind === 'lookbehind' ? '<' : ''}${node.negate ? '!' : '='}${node.alternatives.map(source).join('|')})`;
    case 'CharacterClass':
      return `[${node.negate ? '^' : ''}${node.elements.map(source).join('')}]`;
    case 'CharacterClassRange':
      return `${character(node.min.value)}-${character(node.max.value)}`;
    case 'Character':
      return character(node.value);
    default:
      return node.raw;
  }
}

function character(value: number): string {
  return `\\u{${value.toString(16)}}`;
}
