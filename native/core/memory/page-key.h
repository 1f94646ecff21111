// The name of a page's contents: what it was computed from, in 32 bytes that are the same on every machine.
//
// A chain: the key of a page covers its own tokens and, by its parent's key, all before them. The first parent stands
// for the model's identity and the tenant. Pure; any thread.
// Invariant: equal keys mean equal identity, tenant and tokens from the first on (as far as SHA-256 holds; a load
// compares the page's tokens too).
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>

#include "core/types.h"

namespace banyan {

struct PageKey {
    std::array<uint8_t, 32> bytes{};

    bool operator==(const PageKey & other) const { return bytes == other.bytes; }
    bool operator!=(const PageKey & other) const { return bytes != other.bytes; }
    bool operator<(const PageKey & other) const { return bytes < other.bytes; }
};

/** For unordered containers: a key is a digest already, any eight of its bytes will do. */
struct PageKeyHash {
    size_t operator()(const PageKey & key) const {
        uint64_t word;
        std::memcpy(&word, key.bytes.data(), sizeof(word));
        return static_cast<size_t>(word);
    }
};

/**
 * The parent of every first page: SHA-256("banyan-kv/1", identity, tenant tag), each text with its length before it (8
 * bytes, little-endian), so that no two pairs are the same bytes.
 */
PageKey root_key(const std::string & identity, const std::string & tenant_tag);

/** The key of the page that holds tokens [0, n_tokens) after its parent: SHA-256(parent, tokens), 4 bytes little-endian
 * each. */
PageKey page_key(const PageKey & parent, const Token * tokens, int32_t n_tokens);

/**
 * The key of the state that recurrent layers have after n_tokens more than their last full page, the parent: never that
 * of a page. SHA-256("banyan-state/1" with its length before it, parent, tokens).
 */
PageKey state_key(const PageKey & parent, const Token * tokens, int32_t n_tokens);

}  // namespace banyan
