#include "runner/text-bound.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include "llama-model.h"
#include "llama-vocab.h"
#include "llama.h"
#include "runner/error.h"
#include "runner/model.h"
#include "unicode.h"

namespace banyan {

namespace {

/** A byte that no other token covers is a token, never nothing. */
bool covers_all_bytes(const llama_vocab & vocab) {
    for (int byte = 0; byte < 256; ++byte) {
        char hex[8];
        std::snprintf(hex, sizeof(hex), "<0x%02X>", byte);
        const std::string text =
            vocab.get_escape_whitespaces() ? hex : unicode_byte_to_utf8(static_cast<uint8_t>(byte));
        if (vocab.text_to_token(text) == LLAMA_TOKEN_NULL) return false;
    }
    return true;
}

/** Every byte of a text is a byte of some token: true of byte-pair encodings and SentencePiece but for what follows. */
bool keeps_all_text(const llama_vocab & vocab) {
    const enum llama_vocab_type type = vocab.get_type();
    if (type != LLAMA_VOCAB_TYPE_BPE && type != LLAMA_VOCAB_TYPE_SPM) return false;
    const std::string tokenizer = vocab.get_tokenizer_model();
    if (tokenizer == "hybriddna" || vocab.get_pre_type() == LLAMA_VOCAB_PRE_TYPE_WHITESPACE) return false;
    // SentencePiece without a token for some byte refuses the text.
    return type == LLAMA_VOCAB_TYPE_SPM || covers_all_bytes(vocab);
}

}  // namespace

int32_t longest_token_bytes(const Model & model) {
    const llama_vocab & vocab = *model.vocab();
    if (!keeps_all_text(vocab)) return 0;
    size_t longest = 1;
    for (Token token = 0; token < model.info().vocab_size; ++token) {
        // Takes the white space beside it, as much as there is.
        if (vocab.token_get_attr(token) & (LLAMA_TOKEN_ATTR_LSTRIP | LLAMA_TOKEN_ATTR_RSTRIP)) return 0;
        // As it is written in the vocabulary: never shorter than what it replaces, spaces and bytes are escaped there.
        longest = std::max(longest, std::string(vocab.token_get_text(token)).size());
    }
    return static_cast<int32_t>(longest);
}

void check_text_fits(uint64_t n_bytes, int32_t longest_token, int32_t max_context) {
    if (longest_token == 0) return;
    const uint64_t least = (n_bytes + longest_token - 1) / longest_token;
    if (least < static_cast<uint64_t>(max_context)) return;
    throw Error::too_long(std::to_string(n_bytes) + " bytes, which are " + std::to_string(least) + " tokens or more",
                          least, max_context);
}

}  // namespace banyan
