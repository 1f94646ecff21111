import { TURN, type TurnOptions } from '../../engine/request-options.js';
import { BanyanError } from '../../kit/errors.js';
import { readTable } from '../../kit/option-table.js';
import type { OptionTable } from '../../native/option-kinds.js';
import { SAMPLING } from '../../native/sampling-options.js';

const { logprobs: _logprobs, ...sampling } = SAMPLING;
const { maxTokens, thinking, thinkingTokens } = TURN;

/** What `/set` sets: options of answers that are numbers or yes and no. */
export const SETTINGS: OptionTable = { ...sampling, maxTokens, thinking, thinkingTokens };

/** Options with one of them set by its words, such as `temperature 0.2`, `top_p default`, `thinking off`. Throws INVALID_OPTION. */
export function withSetting(options: TurnOptions, words: string): TurnOptions {
  const [said = '', value = ''] = words.split(/\s+/, 2);
  const name = said.replace(/[-_]([a-z])/g, (_, letter: string) => letter.toUpperCase());
  if (value === '') throw new BanyanError('INVALID_OPTION', `/set ${said} what?`, { field: name });
  const read = readTable('options', { [name]: value === 'default' ? undefined : toValue(name, value) }, SETTINGS);
  return { ...options, [name]: read[name] };
}

/** What is set, a line each. */
export function settingsInWords(options: TurnOptions): string {
  const lines = Object.entries(SETTINGS).map(([name, { fallback }]) => {
    const value = (options as Record<string, unknown>)[name];
    return `${name} ${value ?? (fallback === undefined ? 'default' : `${fallback} (default)`)}`;
  });
  return lines.join('\n');
}

/** What is no such value stays a text, which no check lets through. */
function toValue(name: string, value: string): unknown {
  if (SETTINGS[name]?.shape.kind !== 'flag') return /^-?(\d+\.?\d*|\.\d+)$/.test(value) ? Number(value) : value;
  return { on: true, true: true, off: false, false: false }[value] ?? value;
}
