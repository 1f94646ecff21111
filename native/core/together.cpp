// Starting later, together with others: groups (dynamic and fixed batching), and company that is about to come.
#include <algorithm>

#include "core/scheduler-impl.h"

namespace banyan {

int32_t Scheduler::Impl::group_size() const {
    return policy().group_size > 0 ? std::min(policy().group_size, config.max_running) : config.max_running;
}

/** In group modes: nobody starts while a group runs, nor before the next one is full or has waited long enough. */
bool Scheduler::Impl::holds_for_group() {
    if (policy().batching == Batching::continuous) return false;
    if (!running.empty()) return true;
    if (waiting.empty() || static_cast<int32_t>(waiting.size()) >= group_size()) return false;
    const auto since = [](const Sequence * a, const Sequence * b) { return a->wait_since < b->wait_since; };
    const Micros oldest = (*std::min_element(waiting.begin(), waiting.end(), since))->wait_since;
    const Micros due = oldest + (policy().batching == Batching::dynamic ? policy().max_wait : policy().fixed_wait);
    if (due <= now) return false;
    wake = due;
    return true;
}

/**
 * A step costs something before it computes anything; two calls that come close together pay that once if the first
 * waits. It waits only while nothing else could be computed and the step would not be full, if most calls have lately
 * been followed by another within the time that joining saves, and no longer than that: a lone caller never waits.
 */
bool Scheduler::Impl::holds_for_company() {
    if (fcfs() || policy().batching != Batching::continuous || !running.empty() || waiting.empty()) return false;
    if (company < 500 || static_cast<int32_t>(waiting.size()) >= config.max_running) return false;
    const Micros saved = cost.step(StepShape{});
    int64_t n_tokens = 0;
    Micros due = last_arrival + saved;
    for (const Sequence * seq : waiting) {
        if (seq->usage.preemptions > 0) return false;
        n_tokens += seq->uncached;
        due = std::min(due, seq->wait_since + std::min(policy().coalesce[static_cast<size_t>(seq->cls)], saved));
    }
    if (due <= now || n_tokens >= config.max_batch_tokens) return false;
    wake = due;
    log(Decision::Kind::coalesce, waiting.front(), wake, static_cast<int64_t>(waiting.size()));
    return true;
}

}  // namespace banyan
