// Tokens that a stream of another engine left out: llama-server tells of no token that ends within a character, only
// how many it sampled, and the text.
#pragma once

#include <string>
#include <vector>

#include "core/types.h"

namespace banyan {

class Model;

/**
 * `count` tokens that are the bytes of `text` before those of `last`. Where several splits fit, the tokenizer's own one
 * if it is among them. Empty: none fits, or `text` does not end with `last`.
 */
std::vector<Token> missing_tokens(const Model & model, const std::string & text, size_t count, Token last);

}  // namespace banyan
