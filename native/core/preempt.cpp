// No page for a running sequence: cached pages go first (inside reserve), then the worst in rank stops running and is
// computed again later. What it computed stays cached for as long as it can, so that this is cheap if it survives.
#include <algorithm>

#include "core/scheduler-impl.h"

namespace banyan {

/** A cell for the sequence's next token. False: it was itself preempted. */
bool Scheduler::Impl::grow(Sequence & seq) {
    while (!cache.reserve(*seq.holding, 1, batch.copies)) {
        if (running.size() == 1 && cache.break_pin()) continue;
        // A protected sequence has its pages promised, so whoever comes here can be a victim: there is one.
        Sequence * worst = victim();
        preempt(*worst, worst == &seq ? 0 : seq.id);
        if (worst == &seq) return false;
    }
    return true;
}

/** Would preempting everybody below the level give n_pages? */
bool Scheduler::Impl::may_free(int32_t n_pages, int32_t level) const {
    int64_t held = 0;
    for (const Sequence * seq : running) {
        const bool preemptible = seq->level > level && seq->usage.preemptions < kMaxPreemptions;
        if (preemptible) held += static_cast<int64_t>(seq->holding->table.pages().size()) + seq->holding->promised;
    }
    return held >= n_pages;
}

/** The running sequence of worst rank that is not protected; nullptr: all are. It is not in the batch yet. */
Sequence * Scheduler::Impl::victim() const {
    Sequence * worst = nullptr;
    for (Sequence * seq : running) {
        if (seq->usage.preemptions >= kMaxPreemptions) continue;
        if (!worst || runs_before(worst, seq)) worst = seq;
    }
    return worst;
}

/** The one whose slot a better class takes: of the worst level, the one hit least often, or the same few would be. */
Sequence * Scheduler::Impl::victim_of_class() const {
    Sequence * worst = nullptr;
    const auto goes_before = [](const Sequence * a, const Sequence * b) {
        if (a->level != b->level) return a->level > b->level;
        if (a->usage.preemptions != b->usage.preemptions) return a->usage.preemptions < b->usage.preemptions;
        return a->admission > b->admission;
    };
    for (Sequence * seq : running) {
        if (seq->usage.preemptions >= kMaxPreemptions) continue;
        if (!worst || goes_before(seq, worst)) worst = seq;
    }
    return worst;
}

/** Recompute is the only way back so far; where pages can leave the device, cost.restore() tells which is cheaper. */
void Scheduler::Impl::preempt(Sequence & seq, RequestId in_favour_of) {
    seq.computed_before = std::max(seq.computed_before, seq.computed());
    if (seq.cache) cache.commit(*seq.holding, seq.tokens);
    stop_running(seq);
    count_demand(*seq.program);
    ++seq.usage.preemptions;
    ++counters.preemptions;
    log(Decision::Kind::preempt, &seq, static_cast<int64_t>(in_favour_of), seq.computed_before);
    seq.uncached = 0;
    enqueue(seq);
}

}  // namespace banyan
