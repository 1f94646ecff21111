// Who may start: waiting requests by rank, as long as there are slots, and pages for the whole prompt.
#include <algorithm>
#include <cassert>
#include <tuple>

#include "core/scheduler-impl.h"

namespace banyan {

bool WaitingRank::operator<(const WaitingRank & o) const {
    return std::tie(level, is_new, service, arrival) < std::tie(o.level, o.is_new, o.service, o.arrival);
}

/** The class, better by one for every kAge waited, never better than interactive. */
int32_t Scheduler::Impl::level(const Sequence & seq) const {
    const int32_t cls = static_cast<int32_t>(seq.cls);
    if (cls == 0) return 0;
    return static_cast<int32_t>(std::max<Micros>(0, cls - (seq.waited + now - seq.wait_since) / kAge[cls]));
}

WaitingRank Scheduler::Impl::rank(const Sequence & seq) const {
    return {level(seq), seq.usage.preemptions == 0, seq.service->service, seq.arrival};
}

void Scheduler::Impl::admit() {
    using Entry = std::pair<WaitingRank, Sequence *>;
    std::vector<Entry> heap;  // lazily sorted: most steps look at the first few of many
    heap.reserve(waiting.size());
    for (Sequence * seq : waiting) heap.emplace_back(rank(*seq), seq);
    const auto after = [](const Entry & a, const Entry & b) { return b.first < a.first; };
    std::make_heap(heap.begin(), heap.end(), after);
    while (!heap.empty()) {
        Sequence & seq = *heap.front().second;
        std::pop_heap(heap.begin(), heap.end(), after);
        heap.pop_back();
        if (seq.cache && waits_for_producer(seq)) continue;
        // Nobody overtakes the one that finds no room, or big requests would starve.
        if (!try_admit(seq)) return;
    }
}

bool Scheduler::Impl::try_admit(Sequence & seq) {
    for (;;) {
        const bool has_slot = !free_slots.empty();
        const int32_t lacking = has_slot ? take_pages(seq) : 0;
        if (has_slot && lacking == 0) break;
        // Room at the cost of a running sequence: only of one below the request's own class, so age preempts nobody.
        const int32_t cls = static_cast<int32_t>(seq.cls);
        if (Sequence * worst = victim(); worst && worst->level > cls && may_free(lacking, cls)) {
            preempt(*worst);
        } else if (!running.empty() || !cache.break_pin()) {
            return false;
        }
    }
    start(seq);
    return true;
}

/**
 * Is a running prefill about to compute enough of this request's prompt, beyond what is cached? Derived anew from
 * what runs, so a producer that is cancelled, preempted or evicted leaves nobody behind: the next in rank produces.
 */
bool Scheduler::Impl::waits_for_producer(Sequence & seq) {
    if (seq.producer != 0) {
        const Sequence * producer = find(seq.producer);
        if (producer && producer->prefilling() && producer->published() < seq.shared) return true;
        seq.producer = 0;
    }
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

/** Pages that running decodes take in this very step: not to be given to anybody else. */
int32_t Scheduler::Impl::decode_growth() const {
    int32_t n_pages = 0;
    for (const Sequence * seq : running) {
        n_pages += std::max(0, seq->holding->table.pages_needed(1) - seq->holding->promised);
    }
    return n_pages;
}

/** Shares what is cached and has the rest promised: returns 0. Or changes nothing: returns the pages it lacks. */
int32_t Scheduler::Impl::take_pages(Sequence & seq) {
    const bool is_protected = seq.usage.preemptions >= kMaxPreemptions;
    const bool may_use_reserve = running.empty() || level(seq) == 0;
    const int32_t reserve = may_use_reserve ? 0 : config.n_pages * config.reserve_percent / 100;
    const int32_t kept_back = decode_growth() + reserve;

    auto holding = cache.hold(seq.salt);
    const int32_t cached = seq.cache ? cache.acquire(*holding, seq.tokens, seq.n_tokens() - 1) : 0;
    const int32_t all_tokens = is_protected ? seq.most_computed() : seq.n_tokens();
    const int32_t needed = pages_for(all_tokens, config.page_tokens) - cached / config.page_tokens;
    if (needed > cache.available() - kept_back) cache.drop_partial_page(*holding);
    const int32_t lacking = needed - (cache.available() - kept_back);
    if (lacking > 0) {
        cache.release(*holding);
        return lacking;
    }
    cache.promise(*holding, needed);
    seq.holding = std::move(holding);
    return 0;
}

void Scheduler::Impl::start(Sequence & seq) {
    seq.level = seq.own_level = level(seq);
    seq.waited += now - seq.wait_since;
    seq.slot = *free_slots.begin();
    seq.slot_started = false;
    seq.prefill_end = seq.n_tokens();
    seq.admission = next_admission++;
    free_slots.erase(seq.slot);
    waiting.erase(std::find(waiting.begin(), waiting.end(), &seq));
    running.push_back(&seq);
    programs.admitted(*seq.service);
    log(Decision::Kind::admit, &seq, seq.computed(), seq.remaining());
    if (seq.usage.preemptions > 0) return;
    seq.usage.admitted = now;
    seq.usage.cached_tokens = seq.computed();
    if (seq.cache) seq.usage.miss = cache.explain(seq.salt, seq.tokens);
    counters.prompt_tokens += seq.n_prompt;
    counters.cached_tokens += seq.computed();
}

}  // namespace banyan
