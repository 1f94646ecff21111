// How many bytes of text a token can stand for, so that a text which cannot fit is refused before it is tokenized.
#pragma once

#include <cstdint>

namespace banyan {

class Model;

/** The most bytes of a text that one token of the vocabulary replaces. 0: no bound, its tokenizer drops or joins text.
 */
int32_t longest_token_bytes(const Model & model);

/**
 * Throws Error PROMPT_TOO_LONG when a text of n_bytes has max_context tokens or more, however it is tokenized.
 * longest_token: see longest_token_bytes.
 */
void check_text_fits(uint64_t n_bytes, int32_t longest_token, int32_t max_context);

}  // namespace banyan
