// How many prompt tokens a step may take so that those who decode keep their pace.
#include <algorithm>

#include "core/scheduler-impl.h"

namespace banyan {

/** Prompt tokens of a step in any case, or prompts would wait for ever behind decodes. */
int32_t Scheduler::Impl::min_prefill() const {
    return std::min(policy().min_prefill, std::max(1, config.max_batch_tokens / 4));
}

/** The longest step for prompts of worse classes while interactive calls are to be expected. */
Micros Scheduler::Impl::alert_target() const {
    if (now - last_interactive > policy().alert) return kNever;
    return std::max(policy().coalesce[0], policy().alert_steps * cost.step(StepShape{}));
}

/**
 * Of n_tokens, the most that keep the predicted step within the target: a multiple of policy.tile unless all fit, and
 * enough for the step's min_prefill() with the n_planned before. `planned` is the step so far.
 */
int32_t Scheduler::Impl::affordable(const Sequence & seq, int32_t n_tokens, int32_t n_planned,
                                    const StepShape & planned, Micros target) const {
    const auto fits = [&](int32_t n) {
        StepShape with = planned;
        with.add_prefill(n, seq.computed());
        return cost.step(with) <= target;
    };
    if (fits(n_tokens)) return n_tokens;
    int32_t low = 0, high = n_tokens / policy().tile + 1;  // tiles: low fit, high do not
    while (high - low > 1) {
        const int32_t mid = low + (high - low) / 2;
        (fits(mid * policy().tile) ? low : high) = mid;
    }
    return std::max(low * policy().tile, std::min(n_tokens, std::max(0, min_prefill() - n_planned)));
}

}  // namespace banyan
