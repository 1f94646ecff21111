#include "core/requests/prompt-key.h"

namespace banyan {

PromptKey::PromptKey(Salt salt, const std::vector<Token> & prompt) {
    uint64_t hash = 0xCBF29CE484222325ull ^ salt;  // FNV-1a over whole tokens
    const int32_t n_tokens = static_cast<int32_t>(prompt.size());
    int32_t at = 0;
    for (const int32_t end : kEnds) {
        if (end > n_tokens) return;
        for (; at < end; ++at) hash = (hash ^ static_cast<uint32_t>(prompt[at])) * 0x100000001B3ull;
        hashes_[n_++] = hash;
    }
}

int32_t PromptKey::shared(const PromptKey & other) const {
    int32_t i = 0;
    while (i < n_ && i < other.n_ && hashes_[i] == other.hashes_[i]) ++i;
    return i;
}

}  // namespace banyan
