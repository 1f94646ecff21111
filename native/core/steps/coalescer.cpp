#include "core/steps/coalescer.h"

#include <algorithm>

namespace banyan {

Coalescer::Coalescer(const PolicyConfig & policy, const CostModel & cost, int32_t max_running, int32_t max_batch_tokens)
    : policy_(policy),
      cost_(cost),
      max_running_(max_running),
      max_batch_tokens_(max_batch_tokens),
      group_size_(policy.group_size > 0 ? std::min(policy.group_size, max_running) : max_running) {}

void Coalescer::arrived(bool alone, Micros now) {
    if (last_was_alone_) smooth(followed_, now - last_arrival_ <= saved() ? 1000 : 0);
    last_was_alone_ = alone;
    last_arrival_ = now;
}

std::optional<Micros> Coalescer::waits_for_another(const Backlog & backlog, const RunningSet & running,
                                                   Micros now) const {
    if (policy_.is_fcfs() || policy_.batching != Batching::continuous) return std::nullopt;
    if (!running.empty() || backlog.empty() || followed_ < 500 || backlog.size() >= max_running_) return std::nullopt;
    int64_t n_tokens = 0;
    Micros due = last_arrival_ + saved();
    for (const Sequence * seq : backlog) {
        if (seq->usage.preemptions > 0) return std::nullopt;
        n_tokens += seq->uncached;
        due = std::min(due, seq->wait_since + std::min(policy_.coalesce[seq->cls], saved()));
    }
    if (due <= now || n_tokens >= max_batch_tokens_) return std::nullopt;
    return due;
}

std::optional<Micros> Coalescer::waits_for_group(const Backlog & backlog, const RunningSet & running,
                                                 Micros now) const {
    if (policy_.batching == Batching::continuous) return std::nullopt;
    if (!running.empty()) return kNever;
    if (backlog.empty() || backlog.size() >= group_size_) return std::nullopt;
    const auto since = [](const Sequence * a, const Sequence * b) { return a->wait_since < b->wait_since; };
    const Micros oldest = (*std::min_element(backlog.begin(), backlog.end(), since))->wait_since;
    const Micros due = oldest + (policy_.batching == Batching::dynamic ? policy_.max_wait : policy_.fixed_wait);
    if (due <= now) return std::nullopt;
    return due;
}

}  // namespace banyan
