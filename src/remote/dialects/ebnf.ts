/** What is skipped whole: a text, a class of characters, a comment. */
const WHOLE = /"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|#[^\n]*/y;
/** What an alternative may follow. */
const BEGINS = /::=|[(|]/y;

/**
 * A GBNF grammar in the EBNF that xgrammar reads (vLLM, SGLang and TensorRT-LLM): there an empty alternative is `""`, and left
 * out it is an error.
 */
export function toEbnf(gbnf: string): string {
  let ebnf = '';
  let empty = false; // nothing of the alternative has come
  for (let at = 0; at < gbnf.length; ) {
    const piece = match(WHOLE, gbnf, at) ?? match(BEGINS, gbnf, at) ?? (gbnf[at] as string);
    if (empty && (piece === '|' || piece === ')')) ebnf += '"" ';
    if (piece.trim() !== '' && !piece.startsWith('#')) empty = piece === '::=' || piece === '(' || piece === '|';
    ebnf += piece;
    at += piece.length;
  }
  return empty ? `${ebnf} ""` : ebnf;
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}
