#include "core/memory/page-key.h"

extern "C" {
#include "hash/sha256/sha256.h"
}

namespace banyan {

namespace {

/** The text with its length before it. */
void add_text(sha256_t & hash, const std::string & text) {
    unsigned char size[8];
    for (int i = 0; i < 8; ++i) size[i] = static_cast<unsigned char>(static_cast<uint64_t>(text.size()) >> (8 * i));
    sha256_update(&hash, size, sizeof(size));
    sha256_update(&hash, reinterpret_cast<const unsigned char *>(text.data()), text.size());
}

PageKey end(sha256_t & hash) {
    PageKey key;
    sha256_final(&hash, key.bytes.data());
    return key;
}

/** What the parent stands for, then the tokens. */
PageKey end_chain(sha256_t & hash, const PageKey & parent, const Token * tokens, int32_t n_tokens) {
    sha256_update(&hash, parent.bytes.data(), parent.bytes.size());
    unsigned char packed[256];  // an update a token would cost more than the hash
    size_t size = 0;
    for (int32_t i = 0; i < n_tokens; ++i) {
        const auto token = static_cast<uint32_t>(tokens[i]);
        for (int shift = 0; shift < 32; shift += 8) packed[size++] = static_cast<unsigned char>(token >> shift);
        if (size < sizeof(packed) && i + 1 < n_tokens) continue;
        sha256_update(&hash, packed, size);
        size = 0;
    }
    return end(hash);
}

}  // namespace

PageKey root_key(const std::string & identity, const std::string & tenant_tag) {
    sha256_t hash;
    sha256_init(&hash);
    add_text(hash, "banyan-kv/1");
    add_text(hash, identity);
    add_text(hash, tenant_tag);
    return end(hash);
}

PageKey page_key(const PageKey & parent, const Token * tokens, int32_t n_tokens) {
    sha256_t hash;
    sha256_init(&hash);
    return end_chain(hash, parent, tokens, n_tokens);
}

PageKey state_key(const PageKey & parent, const Token * tokens, int32_t n_tokens) {
    sha256_t hash;
    sha256_init(&hash);
    add_text(hash, "banyan-state/1");
    return end_chain(hash, parent, tokens, n_tokens);
}

}  // namespace banyan
