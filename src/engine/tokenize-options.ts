import { flag, type OptionsOf } from '../native/option-kinds.js';

/** The table of TokenizeOptions. */
export const TOKENIZE = {
  /** Beginning of text: the model's own mark of it is put before the text. Default false. */
  addSpecial: flag(false),
};

/** How a text becomes tokens. */
export interface TokenizeOptions extends OptionsOf<typeof TOKENIZE> {}

/** The table of DetokenizeOptions. */
export const DETOKENIZE = {
  /** Control tokens: they are shown too, such as the mark of a turn's end. Default false. */
  special: flag(false),
};

/** How tokens become text. */
export interface DetokenizeOptions extends OptionsOf<typeof DETOKENIZE> {}
