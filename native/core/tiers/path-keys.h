// The keys of a path's full pages, in order; extended as the path grows.
#pragma once

#include <vector>

#include "core/memory/page-key.h"
#include "core/types.h"

namespace banyan {

/** Appends what is missing of the keys of all full pages of tokens [0, n_tokens). */
inline void extend_keys(std::vector<PageKey> & keys, const PageKey & root, const std::vector<Token> & tokens,
                        int32_t n_tokens, int32_t page_tokens) {
    const size_t n_pages = static_cast<size_t>(n_tokens / page_tokens);
    keys.reserve(n_pages);
    while (keys.size() < n_pages) {
        const PageKey & parent = keys.empty() ? root : keys.back();
        keys.push_back(page_key(parent, tokens.data() + keys.size() * page_tokens, page_tokens));
    }
}

}  // namespace banyan
