// What models with recurrent layers need: chunks that end where a state is worth saving, the state at a request's end,
// and a way back after a step that failed.
#include <algorithm>

#include "core/scheduler/scheduler-impl.h"

namespace banyan {

namespace {

constexpr int32_t kFewTokens = 32;  // with costs unknown: tokens from which a state saves more than it costs

}  // namespace

/** Is computing these tokens again dearer than the step that a stop adds, and the copies? */
bool Scheduler::Impl::pays(int32_t from, int32_t to) const {
    if (to <= from) return false;
    if (!cost.calibrated()) return to - from >= std::min(kFewTokens, config.page_tokens);
    return cost.prefill(to - from, from) > cost.step(StepShape{});
}

/**
 * Where the prompt leaves what others have (their pages go on to there, but no state was saved), where its system
 * prompt and tools end, and where its caller said that the next prompt may leave it.
 */
void Scheduler::Impl::plan_stops(Sequence & seq) {
    seq.stops.clear();
    if (!cache.has_states() || !seq.cache) return;
    const int32_t start = seq.computed();
    if (seq.boundary > start) seq.stops.add(seq.boundary, NodeKind::acting);
    int32_t last = start;
    const int32_t branch = seq.holding->paged, fixed = seq.static_tokens;
    for (const int32_t at : {std::min(branch, fixed), std::max(branch, fixed)}) {
        if (!pays(last, at)) continue;
        seq.stops.add(at, at == fixed ? NodeKind::fixed : NodeKind::finished);
        last = at;
    }
}

/** The sequence's next tokens; where they end at a stop, the state is saved. Their cells are reserved. */
void Scheduler::Impl::add_to_step(Sequence & seq, int32_t n_tokens) {
    const int32_t end = seq.computed() + n_tokens;
    if (const Stops::Stop * stop = seq.stops.next(); stop && stop->end == end) {
        cache.take_state(*seq.holding, end, stop->kind);
    }
    step.add(seq, n_tokens);
}

/** Its slot's state, after all that it computed, is kept at the end of its path, if it is worth a row. */
void Scheduler::Impl::save_state(Sequence & seq, NodeKind kind) {
    if (seq.cache && seq.slot_started) cache.save_state(*seq.holding, seq.slot, kind);
}

/**
 * After a failed step the slots of its rows may hold anything, and nothing was saved: requests that have such a slot,
 * or were to load such a state, start again from one that is sound.
 */
void Scheduler::Impl::undo_states(const Batch & batch) {
    const auto is_lost = [&](StateId state) {
        const auto into = [state](const StateCopy & save) { return save.state == state; };
        return state != kNoState && std::any_of(batch.saves_before.begin(), batch.saves_before.end(), into);
    };
    std::vector<Sequence *> again;
    for (Sequence * seq : running) {
        if (step.has(seq->id) || is_lost(seq->holding->load)) again.push_back(seq);
    }
    cache.lose_states(batch.saves_before);
    for (Sequence * seq : again) restart(*seq);
}

/** Not for others: it counts as no preemption. */
void Scheduler::Impl::restart(Sequence & seq) {
    seq.computed_before = std::max(seq.computed_before, seq.computed());
    seq.restarted = true;
    stop(seq);
    demand.count(*seq.program);
    seq.uncached = 0;
    backlog.add(seq, now);
}

}  // namespace banyan
