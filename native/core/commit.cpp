// What the step gave: computed tokens are counted and shared, sampled ones appended, ended requests give back all.
#include <algorithm>

#include "core/scheduler-impl.h"

namespace banyan {

void Scheduler::commit(const StepResult & result, Micros now) {
    Impl & s = *impl_;
    s.now = std::max(s.now, now);
    if (!s.in_flight) return;
    s.in_flight = false;
    if (!result.failed) {
        if (s.config.policy.refit && s.fit.observe(s.cost, s.shape, s.now - s.scheduled)) {
            const CostConstants & fitted = s.cost.constants();
            s.log(Decision::Kind::refit, nullptr, fitted.step / 1'000'000, fitted.prefill / 1000);
        }
        ++s.counters.steps;
        s.counters.pages_copied += s.batch.copies.size();
    }
    if (s.computing) {
        s.commit_ahead(result.failed);
        return s.batch.clear();
    }
    if (result.failed) {
        for (const BatchRow & row : s.batch.rows) s.cache.revert(*s.find(row.request)->holding);
    } else {
        for (const BatchRow & row : s.batch.rows) s.commit_row(row);
        for (const RowResult & row : result.rows) s.take_result(row);
    }
    for (const BatchRow & row : s.batch.rows) {
        Sequence * seq = s.find(row.request);
        if (!seq) continue;
        if (seq->cancelled) {
            s.end(*seq, FinishState::cancelled);
        } else if (seq->sampling) {
            s.end(*seq, FinishState::finished);  // a row that asked for a token and got none can never go on
        }
    }
    s.batch.clear();
}

void Scheduler::Impl::commit_row(const BatchRow & row) {
    Sequence & seq = *find(row.request);
    const int32_t end = row.n_past + row.n_tokens;
    const bool was_prefill = seq.prefilling();
    cache.confirm(*seq.holding);
    seq.slot_started = true;
    seq.last_step = counters.steps;
    seq.progressed = now;
    seq.sampling = row.sample;
    seq.usage.computed_tokens += row.n_tokens;
    TenantTable::charge(*seq.tenant, row.n_tokens);

    const int32_t again = std::clamp(seq.computed_before - row.n_past, 0, row.n_tokens);
    const int32_t prefilled = std::clamp(std::max(seq.n_prompt, seq.computed_before) - row.n_past, 0, row.n_tokens);
    counters.recomputed_tokens += again;
    counters.prefill_tokens += prefilled;
    counters.decode_tokens += row.n_tokens - prefilled;

    if (!was_prefill) return;
    if (seq.cache && !seq.cancelled) cache.commit(*seq.holding, seq.tokens);
    if (seq.static_tokens > 0 && end >= seq.static_tokens) {
        cache.fix(seq.salt, seq.tokens, seq.static_tokens);
        seq.static_tokens = 0;
    }
    if (end < seq.prefill_end) return;
    seq.level = seq.own_level;
    const bool is_protected = seq.usage.preemptions >= kMaxPreemptions;
    if (!is_protected) cache.promise(*seq.holding, 0);
}

void Scheduler::Impl::take_result(const RowResult & result) {
    Sequence * seq = find(result.request);
    if (!seq || !seq->sampling || seq->cancelled) return;
    seq->sampling = false;
    if (result.append) {
        seq->tokens.push_back(result.token);
        ++seq->usage.output_tokens;
        if (seq->usage.output_tokens == 1) seq->usage.first_token = now;
        seq->usage.last_token = now;
    }
    // Without a new token there is nothing left to compute.
    if (result.finished || !result.append || seq->n_tokens() >= seq->limit) end(*seq, FinishState::finished);
}

/** The request leaves. A finished one leaves its tokens cached; a cancelled one only what was shared before. */
void Scheduler::Impl::end(Sequence & seq, FinishState how) {
    const bool finished = how == FinishState::finished;
    Program & p = *seq.program;
    if (!seq.running()) {
        dequeue(seq);
    } else if (finished) {
        if (seq.cache) cache.commit(*seq.holding, seq.tokens);
        p.context = seq.computed();
        mark_path(p, seq);
        ProgramTable::complete(p, seq.service_before + seq.usage.computed_tokens);
        smooth(output_length, seq.usage.output_tokens);
        stop_running(seq);
    } else {
        stop_running(seq, /*abandon=*/seq.group != 0);
    }
    ++(finished ? counters.finished : counters.cancelled);
    log(finished ? Decision::Kind::finish : Decision::Kind::cancel, &seq, seq.usage.output_tokens, seq.waited);
    seq.usage.waited = seq.waited;
    end_turn(seq);
    ended[seq.id] = {how, seq.usage};
    sequences.erase(seq.id);
}

/** Gives back slot and pages. What a branch that lost has shared with nobody is the first to go. */
void Scheduler::Impl::stop_running(Sequence & seq, bool abandon) {
    if (abandon) {
        cache.release_abandoned(*seq.holding);
    } else {
        cache.release(*seq.holding);
    }
    seq.holding.reset();
    free_slots.insert(seq.slot);
    seq.slot = kNoSlot;
    running.erase(std::find(running.begin(), running.end(), &seq));
    n_unmovable -= unmovable(seq);
    n_lifted -= seq.own_level < static_cast<int32_t>(seq.cls);
    Program & p = *seq.program;
    --p.running;
    p.running_time += now - seq.started;
    p.need -= seq.need;
    smooth(call_time, now - seq.started);
}

}  // namespace banyan
