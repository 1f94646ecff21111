/** Texts that vocabularies cut up in different ways: words, numbers, spaces, scripts, code, marks. */
const WORDS = ['banyan', 'Banyan', ' banyan', 'unbelievable', 'ANTIDISESTABLISHMENT', "don't", "WE'LL", 'x', ' ', '  '];
const NUMBERS = ['7', '42', '1234567', '3.14159', '1,000,000', '0x1F', '12:30', '2026-11-27', '-5', '1e-9'];
const SPACES = ['\n', '\n\n', ' \n ', '\t', 'a  b', 'a   b', '    return', 'end \n', '\r\n', 'tab\there'];
const SCRIPTS = [
  'é',
  'naïve',
  'Straße',
  '日本語',
  '你好',
  'привет',
  'שלום',
  'مرحبا',
  '한국어',
  '🌳',
  '👩‍👩‍👧',
  '€ 5',
  'ﬁ',
];
const CODE = [
  '{"a": [1, 2]}',
  'if (x != y) {',
  'def f(x):',
  '</div>',
  '=>',
  '::',
  '// x',
  '#include <a.h>',
  '`a`',
  '$x',
];
const MARKS = ['.', '...', '?!', '"quoted"', '(a)', '[b]', '— dash', '“so”', 'a/b', 'a_b', 'a-b'];

export const PROBES: readonly string[] = [...WORDS, ...NUMBERS, ...SPACES, ...SCRIPTS, ...CODE, ...MARKS];
