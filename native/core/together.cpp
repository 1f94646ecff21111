// Starting later, together with others: groups (dynamic and fixed batching), and company that is about to come.
#include <algorithm>

#include "core/scheduler-impl.h"

namespace banyan {

/** In group modes: nobody starts while a group runs, nor before the next one is full or has waited long enough. */
bool Scheduler::Impl::holds_for_group() {
    if (policy().batching == Batching::continuous) return false;
    if (!running.empty()) return true;
    const int32_t size = policy().group_size > 0 ? policy().group_size : config.max_running;
    if (waiting.empty() || static_cast<int32_t>(waiting.size()) >= size) return false;
    const auto since = [](const Sequence * a, const Sequence * b) { return a->wait_since < b->wait_since; };
    const Micros oldest = (*std::min_element(waiting.begin(), waiting.end(), since))->wait_since;
    const Micros due = oldest + (policy().batching == Batching::dynamic ? policy().max_wait : policy().fixed_wait);
    if (due <= now) return false;
    wake = due;
    return true;
}

/**
 * A step costs something before it computes anything; two calls that come close together pay that once if the first
 * waits. It waits only while nothing else could be computed and the step would not be full, for company that the rhythm
 * of arrivals lets expect, and for less than the step itself would have taken: a lone caller never waits.
 */
bool Scheduler::Impl::holds_for_company() {
    if (fcfs() || policy().batching != Batching::continuous || !running.empty() || waiting.empty()) return false;
    if (static_cast<int32_t>(waiting.size()) >= config.max_running) return false;
    const Micros expected = last_arrival + 2 * arrival_gap;
    if (expected <= now) return false;
    StepShape together;
    for (const Sequence * seq : waiting) together.add_prefill(seq->uncached, seq->n_tokens() - seq->uncached);
    if (together.prefill >= config.max_batch_tokens) return false;
    const Micros worth = cost.step(StepShape{});  // what joining the step saves
    Micros due = kNever;
    for (const Sequence * seq : waiting) {
        const Micros patience = policy().coalesce[static_cast<size_t>(seq->cls)];
        if (seq->usage.preemptions > 0) return false;
        due = std::min(due, seq->wait_since + std::min(patience, worth));
    }
    if (due <= now || last_arrival + arrival_gap > due) return false;
    wake = std::min(due, expected);
    log(Decision::Kind::coalesce, waiting.front(), wake, static_cast<int64_t>(waiting.size()));
    return true;
}

}  // namespace banyan
