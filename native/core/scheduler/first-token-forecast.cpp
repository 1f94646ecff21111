#include "core/scheduler/first-token-forecast.h"

#include <algorithm>

namespace banyan {

Micros FirstTokenForecast::predict(Class cls, int32_t n_uncached, int32_t n_cached, const Backlog & backlog,
                                   const RunningSet & running) const {
    StepShape work;
    work.add_prefill(n_uncached, n_cached);
    int32_t n_before = 0, n_slots_taken = 0;
    for (const Class before : {Class::interactive, Class::workflow, Class::background}) {
        if (before > cls) break;
        const int32_t n = backlog.n(before);
        const int64_t each = n == 0 ? 0 : backlog.uncached(before) / n;
        for (int32_t i = 0; i < n; ++i) work.add_prefill(each, 0);
        n_before += n;
    }
    StepShape decodes;
    Micros target = policy_.longest_step;
    for (const Sequence * seq : running) {
        if (seq->cls > cls || seq->cancelled) continue;  // makes room
        ++n_slots_taken;
        if (seq->prefilling()) {
            work.add_prefill(seq->remaining(), seq->computed());
        } else {
            decodes.add_decode(seq->computed());
            target = std::min(target, policy_.step_target[seq->cls]);
        }
    }
    // Prompts get what decodes leave of each step.
    const int32_t most = max_batch_tokens_;
    const int32_t a_step = pace_.unlimited() ? most : pace_.affordable(0, most, 0, decodes, target);
    const int64_t n_steps = (work.prefill + a_step - 1) / a_step;
    const int32_t n_beyond = std::max(0, n_before + 1 + n_slots_taken - max_running_);
    const Micros for_slot = call_time_ * n_beyond / max_running_;
    return std::max(cost_.step(work) + (n_steps - 1) * cost_.step(decodes), for_slot);
}

}  // namespace banyan
