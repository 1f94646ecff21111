// Which tokens go into the step: one for every decode first, then prefill chunks by rank in what is left of the budget.
#include <algorithm>

#include "core/scheduler-impl.h"

namespace banyan {

void Scheduler::Impl::plan_decodes() {
    std::vector<Sequence *> ready;  // one token from their logits: decodes, and prompts cached up to the last token
    bool prefills = false;
    for (Sequence * seq : running) {
        if (seq->remaining() == 1) {
            ready.push_back(seq);
        } else {
            prefills = true;
        }
    }
    int32_t budget = config.max_batch_tokens;
    if (prefills) budget -= min_prefill();
    if (static_cast<int32_t>(ready.size()) > budget) {
        // More decodes than fit: those that waited longest for their turn.
        const auto waited_longer = [](const Sequence * a, const Sequence * b) {
            return a->last_step != b->last_step ? a->last_step < b->last_step : a->admission < b->admission;
        };
        std::sort(ready.begin(), ready.end(), waited_longer);
        ready.resize(std::max(0, budget));
    }
    // Best first, so that whoever has to be preempted for a page is not in the batch yet.
    std::sort(ready.begin(), ready.end(), runs_before);
    step_target = policy().longest_step;
    for (Sequence * seq : ready) {
        if (!seq->running() || !grow(*seq)) continue;
        step_target = std::min(step_target, policy().step_target[static_cast<size_t>(seq->cls)]);
        add_row(*seq, 1);
    }
}

/**
 * Prompts of which most is cached go first: they are about to decode. But a due prompt that is mostly new keeps its
 * share of the step. What the first pass leaves, the second gives to those that had to leave it.
 */
void Scheduler::Impl::plan_prefills() {
    std::vector<Sequence *> open;
    for (Sequence * seq : running) {
        if (seq->remaining() <= 1) continue;
        seq->chunk_level = prefill_level(*seq);
        open.push_back(seq);
    }
    if (open.empty()) return;
    const bool by_resume = !fcfs();
    std::sort(open.begin(), open.end(), [&](const Sequence * a, const Sequence * b) {
        if (a->chunk_level != b->chunk_level) return a->chunk_level < b->chunk_level;
        if (by_resume && a->resumes != b->resumes) return a->resumes;
        return a->admission < b->admission;
    });
    const bool unlimited = fcfs() || !cost.calibrated();
    const Micros target = unlimited ? kNever : step_target;
    const Micros target_for_others = unlimited ? kNever : std::min(step_target, alert_target());
    const int32_t budget = config.max_batch_tokens - batch.n_tokens;
    const auto cold_and_due = [&](const Sequence * seq) {
        return !seq->resumes && now - seq->usage.submitted >= policy().coalesce[static_cast<size_t>(seq->cls)];
    };
    const auto cold = by_resume ? std::find_if(open.begin(), open.end(), cold_and_due) : open.end();
    int32_t kept = cold == open.end() ? 0 : std::min((*cold)->remaining(), budget * policy().cold_share / 1000);

    std::vector<int32_t> given(open.size(), 0);
    int32_t left = budget;
    StepShape planned = shape;
    for (int pass = 0; pass < 2; ++pass) {
        for (size_t i = 0; i < open.size() && left > 0; ++i) {
            Sequence & seq = *open[i];
            if (cold != open.end() && &seq == *cold) kept = 0;
            const bool leaves = seq.resumes && cold != open.end() && (*cold)->chunk_level <= seq.chunk_level;
            const int32_t most = std::min(seq.remaining(), given[i] + left - (leaves ? kept : 0));
            if (most <= given[i]) continue;
            StepShape without = planned;
            without.remove_prefill(given[i], seq.computed());
            const int32_t n_others = budget - left - given[i];
            const int32_t n = affordable(seq, most, n_others, without, seq.level > 0 ? target_for_others : target);
            if (n <= given[i]) continue;
            planned = without;
            planned.add_prefill(n, seq.computed());
            left -= n - given[i];
            given[i] = n;
        }
        if (cold == open.end()) break;  // nobody left anything
    }
    const bool is_over = std::equal(open.begin(), open.end(), given.begin(),
                                    [](const Sequence * seq, int32_t n) { return seq->remaining() == n; });
    if (left > 0 && !is_over) log(Decision::Kind::budget, nullptr, budget - left, cost.step(planned));
    for (size_t i = 0; i < open.size(); ++i) {
        // Its pages were promised at admission; only the copy of a tail that somebody else wrote on may be one too
        // many.
        if (given[i] > 0 && cache.reserve(*open[i]->holding, given[i], batch.copies)) add_row(*open[i], given[i]);
    }
    for (size_t i = 0; i < open.size() && batch.empty(); ++i) {
        const int32_t n = std::min(open[i]->remaining(), min_prefill());
        if (cache.reserve(*open[i]->holding, n, batch.copies)) add_row(*open[i], n);
    }
    if (Sequence * worst = victim(); batch.empty() && worst) preempt(*worst, 0);
}

/** The n_tokens of `tokens` that follow what the table holds, of nobody yet. Their cells are reserved. */
BatchRow Scheduler::Impl::row_of(const BlockTable & table, const std::vector<Token> & tokens, int32_t n_tokens,
                                 SlotId slot) {
    BatchRow row{};
    row.slot = slot;
    row.n_past = table.n_written();
    row.tokens = tokens.data() + row.n_past;
    row.n_tokens = n_tokens;
    row.pages = table.pages().data();
    row.n_pages = static_cast<int32_t>(table.pages().size());
    return row;
}

/** Puts reserved tokens into the batch. */
void Scheduler::Impl::add_row(Sequence & seq, int32_t n_tokens) {
    BatchRow row = row_of(seq.holding->table, seq.tokens, n_tokens, seq.slot);
    row.request = seq.id;
    row.sample = row.n_past + n_tokens == seq.n_tokens();
    row.first = !seq.slot_started;
    if (n_tokens == 1 && row.sample) {
        shape.add_decode(row.n_past);
    } else {
        shape.add_prefill(n_tokens, row.n_past);
    }
    batch.rows.push_back(row);
    batch.n_tokens += n_tokens;
}

}  // namespace banyan
