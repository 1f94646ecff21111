// How many prompt tokens a step may take so that those who decode keep their pace.
#include <algorithm>

#include "core/scheduler-impl.h"

namespace banyan {

/** Prompt tokens of a step in any case, or prompts would wait for ever behind decodes. */
int32_t Scheduler::Impl::min_prefill() const {
    return std::min(policy().min_prefill, std::max(1, config.max_batch_tokens / 4));
}

/** Better by one for every `age` without a token of it: those that compute before it may have no end. */
int32_t Scheduler::Impl::prefill_level(const Sequence & seq) const {
    const Micros age = policy().age[static_cast<size_t>(seq.cls)];
    if (age == 0 || fcfs()) return seq.level;
    return static_cast<int32_t>(std::max<Micros>(0, seq.level - (now - seq.progressed) / age));
}

/** As long as an interactive call waits for company anyway, or so many empty steps where those take longer. */
Micros Scheduler::Impl::short_step(int32_t n_empty) const {
    return std::max(policy().coalesce[0], n_empty * cost.step(StepShape{}));
}

/** The longest step for prompts of worse classes while interactive calls are to be expected. */
Micros Scheduler::Impl::alert_target() const {
    if (now - last_interactive > policy().alert) return kNever;
    return short_step(policy().alert_steps);
}

/**
 * Of n_tokens after n_past, the most that keep the predicted step within the target: a multiple of the tile unless all
 * fit. `planned` is the step so far.
 */
int32_t Scheduler::Impl::within(int32_t n_past, int32_t n_tokens, const StepShape & planned, Micros target,
                                int32_t tile) const {
    const auto fits = [&](int32_t n) {
        StepShape with = planned;
        with.add_prefill(n, n_past);
        return cost.step(with) <= target;
    };
    if (fits(n_tokens)) return n_tokens;
    int32_t low = 0, high = n_tokens / tile + 1;  // tiles: low fit, high do not
    while (high - low > 1) {
        const int32_t mid = low + (high - low) / 2;
        (fits(mid * tile) ? low : high) = mid;
    }
    return low * tile;
}

/** The same for a running prompt, but enough for the step's min_prefill() with the n_planned before. */
int32_t Scheduler::Impl::affordable(const Sequence & seq, int32_t n_tokens, int32_t n_planned,
                                    const StepShape & planned, Micros target) const {
    const int32_t least = std::min(n_tokens, std::max(0, min_prefill() - n_planned));
    return std::max(within(seq.computed(), n_tokens, planned, target, policy().tile), least);
}

}  // namespace banyan
