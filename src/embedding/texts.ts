import { checkTokens } from '../chat/prompt.js';
import { invalidOption } from '../kit/option-checks.js';
import { reading, readList } from '../kit/read-options.js';

/** A text; or its token ids, the model's own marks at its ends among them: `tokenize(text, { addSpecial: true })`. */
export type EmbeddingInput = string | Int32Array | readonly number[];

/** Most texts of one call. */
const MOST_TEXTS = 65_536;

/** The caller's texts, read once; one of them may stand for itself. Throws INVALID_OPTION. */
export function readTexts(given: EmbeddingInput | readonly EmbeddingInput[]): (string | Int32Array)[] {
  if (typeof given === 'string') return [given];
  if (reading('texts', () => given instanceof Int32Array)) return [readTokens('texts[0]', given)];
  const list = readList('texts', given as readonly EmbeddingInput[], 'a text, token ids, or a list of these');
  if (list.length === 0 || list.length > MOST_TEXTS) {
    throw invalidOption('texts', `a list of 1 to ${MOST_TEXTS} texts`, given);
  }
  if (typeof list[0] === 'number') return [readTokens('texts[0]', list)];
  return list.map((text, index) => (typeof text === 'string' ? text : readTokens(`texts[${index}]`, text)));
}

function readTokens(field: string, tokens: unknown): Int32Array {
  return reading(field, () => {
    if (!Array.isArray(tokens) && !(tokens instanceof Int32Array)) {
      throw invalidOption(field, 'a text or a list of token ids', tokens);
    }
    return checkTokens(tokens, field);
  });
}
