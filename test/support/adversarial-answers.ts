const TAGS = [
  ...[
    '<tool_call>',
    '</tool_call>',
    '<tool_call',
    '<|tool_call|>',
    '[TOOL_CALLS]',
    '[/TOOL_CALLS]',
    '<TOOLCALL>',
    'functools[',
  ],
  ...[
    '<function=glob>',
    '</function>',
    '<parameter=pattern>',
    '<function',
    '>>>',
    '>>>all\n',
    '<|python_tag|>',
    '<|tool_call_begin|>',
  ],
  ...[
    '<|channel|>',
    '<|channel|>final<|message|>',
    '<|end|>',
    '<|start|>assistant',
    '<|message|>',
    ' to=functions.glob',
  ],
  ...[
    '<think>',
    '</think>',
    '[THINK]',
    '[/THINK]',
    '<|START_RESPONSE|>',
    '<|END_RESPONSE|>',
    '<|START_ACTION|>',
    '<|START_TEXT|>',
  ],
  ...[
    '<｜tool▁calls▁begin｜>',
    '<minimax:tool_call>',
    '<seed:tool_call>',
    '<|tool_calls_section_begin|>',
    '<arg_key>',
    '</arg_value>',
  ],
  ...[
    '{"name": "glob", "parameters": {}}',
    '{"name": "glob", "arguments": {"pattern": "a"}}',
    '{"name":',
    '[{"name": "glob"',
    '{',
  ],
];
const WORDS = [
  'ordinary',
  'wörter',
  '日本語',
  '🙂',
  '👩‍👩‍👧',
  'e\u0301',
  'naïve',
  'x',
  '"quoted"',
  "it's",
  '1.5',
  '`code`',
  'C:\\x',
  '\u00a0',
];
const BEHIND = [
  '',
  '.',
  ',',
  ' is the tag.',
  '>',
  '`',
  '\n\n\n\n',
  '></',
  '].',
  '{...}',
  '\n{"name": "frobnicate", "arguments": {}}',
  ' {',
];
const BEFORE = ['', ' ', '\n', '\n\n', '`', '"', 'The tag is ', '\n```\n', '(', '> '];

/** The tags that a chat template writes itself. */
export function ownTags(template: string): string[] {
  return [...new Set(template.match(/<[^\s<>{}'"\\]{1,40}>|\[\/?[A-Z_]{2,}\]/g) ?? [])];
}

/**
 * An answer that talks about calls, makes them well and badly, and may be cut anywhere. `call`: how the format writes one;
 * `own`: tags of the format.
 */
export function adversarialAnswer(random: () => number, call: string, own: readonly string[] = []): string {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  let number = 0;
  const word = () => `${pick(WORDS)}${number++} `;
  const tag = () => pick(own.length > 0 && random() < 0.5 ? own : TAGS);
  const prose = () => Array.from({ length: 1 + Math.floor(random() * 6) }, word).join('');
  const part = (): string => {
    const kind = random();
    if (kind < 0.35) return prose();
    if (kind < 0.6) return pick(BEFORE) + tag() + pick(BEHIND);
    if (kind < 0.7) return pick(BEFORE) + call + pick(BEHIND);
    if (kind < 0.8) return pick(BEFORE) + call.slice(0, Math.floor(random() * call.length)) + pick(BEHIND);
    if (kind < 0.85) return pick(BEFORE) + call.replaceAll('glob', 'frobnicate');
    if (kind < 0.9) return pick(BEFORE) + call.slice(Math.floor(random() * call.length));
    const at = Math.floor(random() * call.length);
    if (kind < 0.95) return `\n${call.slice(0, at)}${call.slice(at + 1)}`;
    return `\n${call.slice(0, at)}${pick([prose, tag])()}${call.slice(at)}`;
  };
  const text = Array.from({ length: 1 + Math.floor(random() * 7) }, part).join(pick(['', '\n', ' ']));
  return random() < 0.5
    ? text
    : Array.from(text)
        .slice(0, Math.floor(random() * text.length))
        .join('');
}

/** The text in pieces of 1 to `longest` characters, as tokens would bring it. */
export function inPieces(random: () => number, text: string, longest: number): string[] {
  const pieces: string[] = [];
  const characters = Array.from(text);
  for (let at = 0; at < characters.length; ) {
    const size = 1 + Math.floor(random() * longest);
    pieces.push(characters.slice(at, at + size).join(''));
    at += size;
  }
  return pieces;
}
