#include "core/requests/dedupe.h"

#include <algorithm>

namespace banyan {

namespace {

constexpr int32_t kDedupeTokens = 32;  // waiting for another's prefill pays from here on (or from one page)

}  // namespace

bool still_produces(const Sequence * producer, const Sequence & seq) {
    return producer && producer->prefilling() && producer->published() < seq.shared;
}

Producer find_producer(const Sequence & seq, const RunningSet & running, const PrefixCache & cache) {
    const int32_t useful = seq.n_tokens() - 1;
    const int32_t threshold = std::min(kDedupeTokens, cache.pool().page_tokens());
    int32_t cached = -1;  // not looked up yet
    for (Sequence * producer : running) {
        if (!producer->prefilling() || !producer->cache || producer->salt != seq.salt) continue;
        const int32_t n = std::min(useful, producer->prefill_end);
        if (n < threshold || producer->tokens[0] != seq.tokens[0]) continue;
        if (cached < 0) cached = cache.match(seq.salt, seq.tokens, useful);
        if (n - cached < threshold || producer->tokens[cached] != seq.tokens[cached]) continue;
        const auto differs = std::mismatch(seq.tokens.begin(), seq.tokens.begin() + n, producer->tokens.begin()).first;
        const int32_t shared = static_cast<int32_t>(differs - seq.tokens.begin());
        const bool stops = cache.has_states();
        if (stops && producer->computed() >= shared) continue;
        if (shared - (stops ? cached : std::max(cached, producer->published())) >= threshold) return {producer, shared};
    }
    return {};
}

}  // namespace banyan
