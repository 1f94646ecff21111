// Which tokens go into the step: one for every decode first, then chunks of prompts in what is left of the budget.
#include <algorithm>

#include "core/scheduler/scheduler-impl.h"
#include "core/steps/prefill-budget.h"

namespace banyan {

/** Running sequences that want a token, those that run first at the front; more than fit: the longest without. */
std::vector<Sequence *> Scheduler::Impl::ready_to_decode() const {
    std::vector<Sequence *> ready;  // decodes, and prompts that are cached up to the last token
    for (Sequence * seq : running) {
        if (seq->decodes()) ready.push_back(seq);
    }
    const bool prefills = static_cast<int32_t>(ready.size()) < running.size();
    const int32_t budget = config.max_batch_tokens - (prefills ? pace.least() : 0);
    if (static_cast<int32_t>(ready.size()) > budget) {
        const auto waited_longer = [](const Sequence * a, const Sequence * b) {
            return a->last_step != b->last_step ? a->last_step < b->last_step : a->admission < b->admission;
        };
        std::sort(ready.begin(), ready.end(), waited_longer);
        ready.resize(std::max(0, budget));
    }
    // Best first, so that one that has to be preempted for a page is not in the batch yet.
    std::sort(ready.begin(), ready.end(), runs_before);
    return ready;
}

/**
 * Decodes of the crowd leave a step to first tokens of other tenants, if all of these come in it and each decode still
 * has its next token in time. Takes them off; returns the longest that the step may take for their sake.
 */
Micros Scheduler::Impl::let_others_begin(std::vector<Sequence *> & ready) const {
    const std::optional<TenantId> of_crowd = pace.unlimited() ? std::nullopt : crowd();
    if (!of_crowd) return kNever;
    const int64_t had_enough = tenants.find(*of_crowd)->service + 2 * policy().quantum;
    const auto is_crowds = [&](const Sequence * seq) { return seq->tenant_id == *of_crowd; };
    const auto begins = [&](const Sequence * seq) {
        return !is_crowds(seq) && seq->cls == Class::interactive && seq->usage.output_tokens == 0 &&
               seq->tenant->service <= had_enough;
    };
    auto n_begin = std::count_if(ready.begin(), ready.end(), begins);  // and those whose prompts are not computed yet
    StepShape without, behind;  // this step without decodes of the crowd, the next one with them
    Micros patience = kNever;   // of those, for their next tokens
    for (const Sequence * seq : ready) {
        behind.add_decode(seq->computed());
        if (is_crowds(seq)) {
            const Micros span = std::min(policy().step_target[seq->cls], policy().longest_step);
            patience = std::min(patience, seq->progressed + span - now);
        } else {
            without.add_decode(seq->computed());
        }
    }
    int64_t n_tokens = without.decodes;
    for (const Sequence * seq : running) {
        if (seq->decodes() || !begins(seq)) continue;
        if (seq->next_chunk() < seq->remaining()) return kNever;
        ++n_begin;
        without.add_prefill(seq->next_chunk(), seq->computed());
        n_tokens += seq->next_chunk();
    }
    const Micros longest = patience - cost.step(behind);
    // Each may need one page for the copy of a shared one: without it the step would be empty.
    const bool fit = n_begin > 0 && n_tokens <= config.max_batch_tokens && cache.available() >= n_begin;
    if (!fit || cost.step(without) > longest) return kNever;
    ready.erase(std::remove_if(ready.begin(), ready.end(), is_crowds), ready.end());
    return longest;
}

/** Returns the longest that the step may take for the sake of those that decode in it. */
Micros Scheduler::Impl::plan_decodes() {
    std::vector<Sequence *> ready = ready_to_decode();
    Micros target = std::min(policy().longest_step, let_others_begin(ready));
    auto others = static_cast<int32_t>(ready.size());  // that are to have a token each
    for (Sequence * seq : ready) {
        const int32_t room = config.max_batch_tokens - step.batch().n_tokens - --others;
        const int32_t n_tokens = std::min(seq->remaining(), room);
        if (!seq->running() || !find_next_cells(*seq, n_tokens)) continue;
        target = std::min(target, policy().step_target[seq->cls]);
        add_to_step(*seq, n_tokens);
    }
    return target;
}

void Scheduler::Impl::plan_prefills(Micros step_target) {
    PrefillBudget budget(policy(), pace, config.max_batch_tokens - step.batch().n_tokens, step.shape(), step_target,
                         crowd(), now);
    std::vector<PrefillChunk> chunks = budget.chunks_of(running);
    if (chunks.empty()) return;
    budget.share(chunks);
    const bool all_over = std::all_of(chunks.begin(), chunks.end(), [](const auto & chunk) { return chunk.is_over(); });
    if (budget.left() > 0 && !all_over) {
        decisions.write(0, 0, decision::Budget{budget.given(), cost.step(budget.shape())});
    }
    int32_t scored = kMostScored;  // that are left of this step
    // Its pages were promised at admission; only the copy of a tail that another one wrote on may be one too many.
    const auto add = [&](Sequence & seq, int32_t n_tokens) {
        if (seq.scored) {
            n_tokens = std::min(n_tokens, scored);
            scored -= n_tokens;
        }
        if (n_tokens > 0 && cache.reserve(*seq.holding, n_tokens, step.copies())) add_to_step(seq, n_tokens);
    };
    for (const PrefillChunk & chunk : chunks) add(*chunk.seq, chunk.n_tokens);
    for (const PrefillChunk & chunk : chunks) {
        if (step.empty()) add(*chunk.seq, std::min(chunk.seq->next_chunk(), pace.least()));
    }
    if (Sequence * worst = running.victim(); step.empty() && worst) preempt(*worst, 0);
}

/** Cells for the sequence's next tokens, at the cost of others if need be. False: it was itself preempted. */
bool Scheduler::Impl::find_next_cells(Sequence & seq, int32_t n_tokens) {
    while (!cache.reserve(*seq.holding, n_tokens, step.copies())) {
        if (running.size() == 1 && cache.break_pin()) continue;
        // A protected sequence has its pages promised, so the one that lacks a page can be a victim: there is one.
        Sequence * worst = running.victim();
        preempt(*worst, worst == &seq ? 0 : seq.id);
        if (worst == &seq) return false;
    }
    return true;
}

}  // namespace banyan
