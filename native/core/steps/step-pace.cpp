#include "core/steps/step-pace.h"

#include <algorithm>

namespace banyan {

StepPace::StepPace(const PolicyConfig & policy, const CostModel & cost, int32_t max_batch_tokens)
    : policy_(policy),
      cost_(cost),
      max_batch_tokens_(max_batch_tokens),
      least_(std::min(policy.min_prefill, std::max(1, max_batch_tokens / 4))) {}

Micros StepPace::short_step(int32_t n_empty) const {
    return std::max(policy_.coalesce[Class::interactive], n_empty * cost_.step(StepShape{}));
}

Micros StepPace::alert_target(Micros now) const {
    if (now - came_.of_any() > policy_.alert) return kNever;
    return short_step(policy_.alert_steps);
}

int32_t StepPace::within(int32_t n_past, int32_t n_tokens, const StepShape & planned, Micros target,
                         int32_t tile) const {
    const auto fits = [&](int32_t n) {
        StepShape with = planned;
        with.add_prefill(n, n_past);
        return cost_.step(with) <= target;
    };
    if (fits(n_tokens)) return n_tokens;
    int32_t low = 0, high = n_tokens / tile + 1;  // tiles: low fit, high do not
    while (high - low > 1) {
        const int32_t mid = low + (high - low) / 2;
        (fits(mid * tile) ? low : high) = mid;
    }
    return low * tile;
}

int32_t StepPace::affordable(int32_t n_past, int32_t n_tokens, int32_t n_planned, const StepShape & planned,
                             Micros target) const {
    const int32_t at_least = std::min(n_tokens, std::max(0, least_ - n_planned));
    return std::max(within(n_past, n_tokens, planned, target, policy_.tile), at_least);
}

int32_t StepPace::ahead(int32_t n_past, int32_t n_tokens) const {
    n_tokens = std::min(n_tokens, max_batch_tokens_);
    if (!cost_.calibrated()) return std::min(n_tokens, least_);
    return std::max(within(n_past, n_tokens, {}, short_step(2), 1), std::min(n_tokens, 1));
}

}  // namespace banyan
