import { addAbortSignal, type Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { BanyanError } from '../kit/errors.js';

/** The arguments of `banyan run`: the model if one was named by its place, and the prompt. */
export interface RunInput {
  model: string | undefined;
  prompt: string;
}

/**
 * `[prompt]`, `[model, prompt]`, `[model]` or nothing; a prompt that is `-` or missing is read from the input, unless that is
 * a terminal. Throws INVALID_OPTION.
 */
export async function runInput(
  args: readonly string[],
  input: Readable & { isTTY?: boolean },
  signal: AbortSignal,
): Promise<RunInput> {
  if (args.length > 2) throw wrong('too many arguments: put the prompt into quotes');
  const [first, second] = args;
  const model = second !== undefined || (first !== undefined && isModel(first)) ? first : undefined;
  const given = second ?? (model === undefined ? first : undefined);
  if (given !== undefined && given !== '-') return { model, prompt: given };
  if (input.isTTY && given === undefined) {
    throw wrong(`no prompt. Say one: banyan run "What is a banyan?"   Or talk: banyan chat ${model ?? ''}`.trim());
  }
  addAbortSignal(signal, input);
  const prompt = (await text(input)).trimEnd();
  if (prompt === '') throw wrong('no prompt: the input was empty. Say one: banyan run "What is a banyan?"');
  return { model, prompt };
}

/** A text that is the place of a model rather than a question to one. */
function isModel(argument: string): boolean {
  return /^(hf|huggingface|https?|file):\S+$/.test(argument) || /^\S.*\.gguf$/i.test(argument);
}

function wrong(problem: string): BanyanError {
  return new BanyanError('INVALID_OPTION', problem, { field: 'prompt' });
}
