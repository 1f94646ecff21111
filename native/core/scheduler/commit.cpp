// What the step gave: computed tokens are counted and shared, sampled ones appended, ended requests give back all.
#include <algorithm>
#include <utility>

#include "core/activity/program-marks.h"
#include "core/scheduler/scheduler-impl.h"

namespace banyan {

void Scheduler::commit(const StepResult & result, Micros now) {
    Impl & s = *impl_;
    s.set_now(now);
    if (!s.step.in_flight) return;
    s.step.in_flight = false;
    const Batch & batch = s.step.batch();
    if (!result.failed) {
        // More rows than its shape tells, or a second model's time.
        const bool drafted = s.step.n_drafts() > 0 || s.drafting.spent() > 0;
        if (s.config.policy.refit && !drafted && s.fit.observe(s.cost, s.step.shape(), s.now - s.step.scheduled)) {
            const CostConstants & fitted = s.cost.constants();
            s.decisions.write(0, 0, decision::Refit{fitted.step / 1'000'000, fitted.prefill / 1000});
        }
        for (const RowResult & row : result.rows) {
            if (Sequence * seq = s.find(row.request)) seq->kept = row.kept;
        }
        s.learn_from_drafts(s.now - s.step.scheduled, result.foretelling);
        ++s.counters.steps;
        s.counters.pages_copied += batch.copies.size();
        s.counters.states_saved += batch.saves_before.size() + batch.saves_after.size() - result.lost_states.size();
        s.counters.states_loaded += batch.loads.size();
    }
    if (result.failed) s.drafting.forget_step();
    if (s.config.n_states > 0) s.undo_states(result);
    if (s.lookahead.is_computing()) {
        const bool failed = result.failed || !result.refused.empty();
        if (!failed) s.counters.prefill_tokens += batch.n_tokens;
        s.lookahead.commit(batch.n_tokens, failed);
        return s.step.clear();
    }
    for (const BatchRow & row : batch.rows) {
        Sequence & seq = *s.find(row.request);
        if (!seq.running()) continue;  // starts again
        if (result.failed) {
            s.cache.revert(*seq.holding);
        } else {
            s.commit_row(row);
        }
    }
    if (!result.failed) {
        for (const RowResult & row : result.rows) s.take_result(row);
    }
    for (const BatchRow & row : batch.rows) {
        Sequence * seq = s.find(row.request);
        if (!seq) continue;
        if (seq->cancelled) {
            s.end(*seq, FinishState::cancelled);
        } else if (seq->sampling) {
            s.end(*seq, FinishState::finished);  // a row that asked for a token and got none can never go on
        }
    }
    s.step.clear();
}

void Scheduler::Impl::commit_row(const BatchRow & row) {
    Sequence & seq = *find(row.request);
    const int32_t kept = seq.cancelled ? 0 : std::min(std::exchange(seq.kept, 0), row.n_drafts);
    const int32_t n_tokens = row.n_tokens - row.n_drafts + kept, end = row.n_past + n_tokens;
    const bool was_prefill = seq.prefilling();
    const Token * const drafts = row.tokens + row.n_tokens - row.n_drafts;
    seq.tokens.insert(seq.tokens.end(), drafts, drafts + kept);
    seq.usage.output_tokens += kept;
    seq.usage.drafted_tokens += row.n_drafts;
    seq.usage.accepted_tokens += kept;
    counters.drafted_tokens += row.n_drafts;
    counters.accepted_tokens += kept;
    counters.drafted_by[seq.draft_kind] += row.n_drafts;
    counters.accepted_by[seq.draft_kind] += kept;
    seq.usage.accepted_by[seq.draft_kind] += kept;
    cache.confirm(*seq.holding, n_tokens);
    cache.end_load(*seq.holding);
    seq.slot_started = true;
    seq.stops.pass(end);
    seq.last_step = counters.steps;
    seq.progressed = now;
    seq.sampling = row.sample;
    seq.usage.computed_tokens += n_tokens;
    TenantTable::charge(*seq.tenant, n_tokens);

    const int32_t again = std::clamp(seq.computed_before - row.n_past, 0, n_tokens);
    const int32_t prefilled = std::clamp(std::max(seq.n_prompt, seq.computed_before) - row.n_past, 0, n_tokens);
    counters.recomputed_tokens += again;
    counters.prefill_tokens += prefilled;
    counters.decode_tokens += n_tokens - prefilled;

    if (!was_prefill) return;
    if (seq.cache && !seq.cancelled) {
        cache.commit(*seq.holding, seq.tokens);
        const int32_t shared = std::min(seq.published(), seq.n_prompt) - seq.usage.cached_tokens;
        seq.usage.written_tokens = std::max(seq.usage.written_tokens, shared);
        cache.attach_state(*seq.holding);
        if (seq.boundary == end && cache.has_states()) mark_boundary(cache, *seq.program, seq);
        // A long prompt that may go on in another process: closing has no time for all of it.
        if (seq.durable && end < seq.prefill_end && !cache.has_states())
            store(seq, end, ColdKind::history, StoreReason::durable);
    }
    if (seq.static_tokens > 0 && end >= seq.static_tokens) {
        cache.pin_static_prefix(seq.salt, seq.tokens, seq.static_tokens);
        store(seq, seq.static_tokens, ColdKind::fixed, StoreReason::fixed);
        seq.static_tokens = 0;
    }
    if (end < seq.prefill_end) return;
    seq.effective_class = seq.admitted_class;
    if (!seq.is_protected()) cache.promise(*seq.holding, 0);
}

void Scheduler::Impl::take_result(const RowResult & result) {
    Sequence * seq = find(result.request);
    if (!seq || !seq->sampling || seq->cancelled) return;
    seq->sampling = false;
    if (result.append) {
        seq->tokens.push_back(result.token);
        ++seq->usage.output_tokens;
        if (seq->usage.output_tokens == 1) {
            seq->usage.first_token = now;
            if (seq->foretold > 0) forecast.told(seq->cls, seq->foretold, now - seq->usage.submitted);
        }
        const auto room = static_cast<size_t>(std::max(0, seq->limit - seq->n_tokens()));
        const size_t n_forced = std::min(result.forced.size(), room);
        seq->tokens.insert(seq->tokens.end(), result.forced.begin(), result.forced.begin() + n_forced);
        seq->usage.output_tokens += static_cast<int32_t>(n_forced);
        seq->usage.forced_tokens += static_cast<int32_t>(n_forced);
        counters.forced_tokens += n_forced;
        if (n_forced > 0) write_about(*seq, decision::Jump{static_cast<int32_t>(n_forced)});
        seq->usage.last_token = now;
        seq->likely = result.likely;
        seq->n_sure = result.n_sure;
        seq->likely_at = seq->n_tokens();
    }
    // Without a new token there is nothing left to compute.
    if (result.finished || !result.append || seq->n_tokens() >= seq->limit) end(*seq, FinishState::finished);
}

}  // namespace banyan
