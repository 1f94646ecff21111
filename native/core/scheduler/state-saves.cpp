// What models with recurrent layers need: chunks that end where a state is worth saving, the state at a request's end,
// and a way back after a step that failed.
#include <algorithm>
#include <optional>
#include <set>

#include "core/scheduler/scheduler-impl.h"

namespace banyan {

namespace {

constexpr int32_t kFewTokens = 32;  // with costs unknown: tokens from which a state saves more than it costs

}  // namespace

/** Is computing these tokens again dearer than the step that a stop adds, and the copies? */
bool Scheduler::Impl::pays(int32_t from, int32_t to) const {
    if (to <= from) return false;
    if (!cost.calibrated()) return to - from >= std::min(kFewTokens, config.page_tokens);
    StepShape stop;
    stop.copies = 2;
    return cost.prefill(to - from, from) > cost.step(stop);
}

/**
 * Where the prompt leaves what others have (their pages go on to there, but no state was saved), where its system
 * prompt and tools end, where its caller said that the next prompt may leave it; and far apart, so that a prompt that
 * is cut short or changed late is not computed from its beginning: those are worth no other state.
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
    const int32_t every = config.state_every;
    for (int64_t at = every; every > 0 && at < seq.n_tokens(); at += every) {
        if (at > start) seq.stops.add(static_cast<int32_t>(at), NodeKind::abandoned);
    }
}

/** What the state after the sequence's first `end` tokens would be kept for; nullopt: it is not saved. */
std::optional<NodeKind> Scheduler::Impl::saves_at(const Sequence & seq, int32_t end) const {
    if (const Stops::Stop * stop = seq.stops.next(); stop && stop->end == end) return stop->kind;
    if (config.small_states && cache.has_states() && seq.cache && end < seq.prefill_end) return NodeKind::finished;
    return std::nullopt;
}

/** The sequence's next tokens; where they end at a stop, the state is saved. Their cells are reserved. */
void Scheduler::Impl::add_to_step(Sequence & seq, int32_t n_tokens) {
    const int32_t end = seq.computed() + n_tokens;
    const std::optional<NodeKind> kind = saves_at(seq, end);
    const NodeKind most = kind == NodeKind::abandoned ? NodeKind::abandoned : NodeKind::fixed;
    if (kind && cache.take_state(*seq.holding, end, *kind, most)) write_about(seq, decision::SaveState{end, *kind});
    step.add(seq, n_tokens);
}

/** Its slot's state, after all that it computed, is kept at the end of its path, if it is worth a row. */
void Scheduler::Impl::save_state(Sequence & seq, NodeKind kind, NodeKind most) {
    if (!seq.cache || !seq.slot_started || !cache.save_state(*seq.holding, seq.slot, kind, most)) return;
    write_about(seq, decision::SaveState{seq.computed(), kind});
}

/**
 * States that were not saved are dropped. Requests that were to load one, or whose slot may hold anything now (all of a
 * failed step, and those whose row was refused), start again from a state that is sound.
 */
void Scheduler::Impl::undo_states(const StepResult & result) {
    const Batch & batch = step.batch();
    std::set<StateId> lost(result.lost_states.begin(), result.lost_states.end());
    if (result.failed) {
        for (const StateCopy & save : batch.saves_before) lost.insert(save.state);
    }
    const auto is_refused = [&](RequestId id) {
        return std::find(result.refused.begin(), result.refused.end(), id) != result.refused.end();
    };
    lose_states(lost, [&](const Sequence & seq) { return step.has(seq.id) && (result.failed || is_refused(seq.id)); });
}

/** is_torn: the slot's state may be anything. */
void Scheduler::Impl::lose_states(const std::set<StateId> & lost,
                                  const std::function<bool(const Sequence &)> & is_torn) {
    std::vector<Sequence *> again;
    for (Sequence * seq : running) {
        if (is_torn(*seq) || lost.count(seq->holding->load) > 0) again.push_back(seq);
        if (lost.count(seq->holding->saving) > 0) cache.drop_saving(*seq->holding);
    }
    lookahead.lose_states(lost);
    cache.lose_states(lost);
    cache.end_owed_saves();
    for (Sequence * seq : again) restart(*seq);
}

std::vector<StateCopy> Scheduler::take_owed_saves() {
    return impl_->step.in_flight ? std::vector<StateCopy>{} : impl_->cache.take_owed_saves();
}

void Scheduler::end_saves(const std::vector<StateCopy> & saves, const std::vector<StateId> & lost, Micros now) {
    impl_->set_now(now);
    impl_->counters.states_saved += saves.size() - lost.size();
    impl_->lose_states({lost.begin(), lost.end()}, [](const Sequence &) { return false; });
}

/**
 * Of a finished request. Where the next prompt may leave this one before the answer, this state may never be used, and
 * is worth less than that of the boundary.
 */
void Scheduler::Impl::save_end(Sequence & seq) {
    const NodeKind kind = seq.program->anonymous ? NodeKind::finished : NodeKind::acting;
    if (seq.boundary > 0) return save_state(seq, std::min(kind, NodeKind::idle), NodeKind::idle);
    save_state(seq, kind);
}

/** Not for others: it counts as no preemption. */
void Scheduler::Impl::restart(Sequence & seq) {
    seq.computed_before = std::max(seq.computed_before, seq.computed());
    seq.restarted = true;
    cache.revert(*seq.holding);
    stop(seq);
    demand.count(*seq.program);
    seq.uncached = 0;
    backlog.add(seq, now);
}

}  // namespace banyan
