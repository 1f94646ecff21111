import type { ChatMessage } from '../../chat/chat-message.js';
import { reminder } from '../../chat/shapes/history-shapes.js';
import { checkName, checkOneOf, invalidOption } from '../../kit/option-checks.js';
import { readList, readOptions } from '../../kit/read-options.js';
import type { Change } from './changes.js';

/** What becomes of lines of the instructions that are new in every request, by the operator's choice. */
export interface TextRule {
  /** How the rule is called in headers. */
  name: string;
  /** A JavaScript regular expression; it is tried on each line of the instructions, without its end. */
  pattern: string;
  /** `move`: the line stands behind the latest question, in tags of a reminder. `drop`: the model does not read it. */
  action: 'move' | 'drop';
}

export interface CompiledRule extends TextRule {
  test: RegExp;
}

const MOST_RULES = 64;
const ACTIONS = ['move', 'drop'] as const;

/** Checked rules. Throws INVALID_OPTION with the rule at fault. */
export function readRules(field: string, given: unknown): TextRule[] {
  const rules = readList(field, given as readonly TextRule[], 'a list of { name, pattern, action }');
  if (rules.length > MOST_RULES) throw invalidOption(field, `a list of at most ${MOST_RULES} rules`, given);
  return rules.map((rule, index) => {
    const at = `${field}[${index}]`;
    if (typeof rule !== 'object' || rule === null) throw invalidOption(at, '{ name, pattern, action }', rule);
    const { name, pattern, action } = readOptions(at, rule, ['name', 'pattern', 'action']);
    checkPattern(`${at}.pattern`, checkName(`${at}.pattern`, pattern));
    return { name: checkName(`${at}.name`, name), pattern, action: checkOneOf(`${at}.action`, action, ACTIONS) };
  });
}

function checkPattern(field: string, pattern: string): void {
  try {
    compiled({ pattern });
  } catch (reason) {
    throw invalidOption(field, `a regular expression (${(reason as Error).message})`, pattern);
  }
}

const compiled = ({ pattern }: Pick<TextRule, 'pattern'>) => new RegExp(pattern, 'u');

/** Rules that were checked, ready to be tried. */
export function compileRules(rules: readonly TextRule[]): CompiledRule[] {
  return rules.map((rule) => ({ ...rule, test: compiled(rule) }));
}

/** Instructions in which the rules have been followed, and the lines that are to stand behind the latest question. */
export function followRules(
  rules: readonly CompiledRule[],
  messages: readonly ChatMessage[],
  changes: Change[],
): { messages: ChatMessage[]; moved: string[] } {
  const moved: string[] = [];
  const used = new Set<CompiledRule>();
  const begin = messages.findIndex(({ role }) => role !== 'system');
  const kept = messages.map((message, index): ChatMessage => {
    if (index >= begin && begin >= 0) return message;
    const lines = message.content.split('\n').filter((line) => {
      const rule = rules.find(({ test }) => test.test(line));
      if (rule) used.add(rule);
      if (rule?.action === 'move') moved.push(line);
      return rule === undefined;
    });
    return { ...message, content: lines.join('\n') };
  });
  if (used.size === 0) return { messages: [...messages], moved };
  for (const { name, action } of used) changes.push({ kind: 'rule', what: `system (rule ${name}: ${action})` });
  return { messages: kept, moved };
}

/** The latest question with the moved lines behind it; results of tools are left as they are: the question before has them. */
export function withMoved(messages: readonly ChatMessage[], moved: readonly string[]): ChatMessage[] {
  const last = messages.at(-1);
  if (moved.length === 0 || last?.role !== 'user') return [...messages];
  const content = `${last.content}\n\n${reminder(moved.join('\n'))}`;
  return [...messages.slice(0, -1), { ...last, content }];
}
