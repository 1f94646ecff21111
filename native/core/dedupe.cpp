// Who waits for another's prefill instead of computing the same tokens.
#include <algorithm>

#include "core/scheduler-impl.h"

namespace banyan {

/** The producer that it waits for is still about to compute what it waits for. */
bool Scheduler::Impl::still_waits(const Sequence & seq) const {
    if (seq.producer == 0) return false;
    const Sequence * producer = find(seq.producer);
    return producer && producer->prefilling() && producer->published() < seq.shared;
}

/**
 * Is a running prefill about to compute enough of this request's prompt, beyond what is cached? Derived anew from
 * what runs, so a producer that is cancelled, preempted or evicted leaves nobody behind: the next in rank produces.
 */
bool Scheduler::Impl::waits_for_producer(Sequence & seq) {
    if (still_waits(seq)) return true;
    seq.producer = 0;
    const int32_t useful = seq.n_tokens() - 1;
    const int32_t threshold = std::min(kDedupeTokens, config.page_tokens);
    int32_t cached = -1;
    for (Sequence * producer : running) {
        if (!producer->prefilling() || !producer->cache || producer->salt != seq.salt) continue;
        const int32_t n = std::min(useful, producer->prefill_end);
        if (n < threshold || producer->tokens[0] != seq.tokens[0]) continue;
        if (cached < 0) cached = cache.match(seq.salt, seq.tokens, useful);
        if (n - cached < threshold || producer->tokens[cached] != seq.tokens[cached]) continue;
        const auto differs = std::mismatch(seq.tokens.begin(), seq.tokens.begin() + n, producer->tokens.begin()).first;
        const int32_t shared = static_cast<int32_t>(differs - seq.tokens.begin());
        if (shared - std::max(cached, producer->published()) < threshold) continue;
        seq.producer = producer->id;
        seq.shared = shared;
        producer->level = std::min(producer->level, level(seq));  // who waits for it lends it its level
        ++counters.dedupe_waits;
        log(Decision::Kind::dedupe, &seq, static_cast<int64_t>(producer->id), shared);
        return true;
    }
    return false;
}

}  // namespace banyan
