/** A token as the older route lists it; null: nothing comes before it, or it was not scored. */
export interface ListedToken {
  text: string;
  logprob: number | null;
  top: readonly { text: string; logprob: number }[] | null;
}

/** OpenAI's older shape of logprobs: lists side by side. `text_offset`: where each token begins in these, characters. */
export function toLogprobs(tokens: readonly ListedToken[], from = 0): object {
  let at = from;
  const offsets = tokens.map(({ text }) => {
    at += text.length;
    return at - text.length;
  });
  return {
    tokens: tokens.map(({ text }) => text),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: tokens.map(toTop),
    text_offset: offsets,
  };
}

/** The likeliest, and the token itself. */
function toTop({ text, logprob, top }: ListedToken): object | null {
  if (top === null || logprob === null) return null;
  return { ...Object.fromEntries(top.map((one) => [one.text, one.logprob])), [text]: logprob };
}
