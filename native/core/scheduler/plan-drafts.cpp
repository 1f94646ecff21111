// What the requests that decode may say next, checked in the same step.
//
// A draft evicts, preempts and copies nothing: it takes cells that are free, and a step with a prompt has none.
#include <algorithm>

#include "core/scheduler/scheduler-impl.h"

namespace banyan {

DraftQuery Scheduler::Impl::query_of(const Sequence & seq, const std::vector<Token> & ahead) const {
    const bool fresh = seq.likely_at == seq.n_tokens();
    const auto n_likely = static_cast<int32_t>(fresh ? seq.likely.size() : 0);
    return {seq.id,       seq.salt,     seq.cache && config.prefix_reuse,   seq.tokens,
            seq.n_prompt, ahead.data(), static_cast<int32_t>(ahead.size()), seq.likely.data(),
            n_likely,     seq.n_sure};
}

DraftStep Scheduler::Impl::draft_step(Micros target) const {
    StepShape attention, one;
    attention.context = step.shape().context;
    one.decodes = 1;
    DraftStep out;
    out.n_rows = static_cast<int32_t>(step.shape().decodes);
    out.most = std::min(kMostScored, config.max_batch_tokens - step.batch().n_tokens);
    out.target = target;
    out.context = cost.step(attention) - cost.step({});
    out.row = cost.step(one) - cost.step({});
    return out;
}

bool Scheduler::Impl::only_decodes() const {
    return !step.empty() && step.shape().prefill == 0 && step.shape().decodes > 0;
}

bool Scheduler::checks_drafts(RequestId id) const {
    const Sequence * seq = impl_->find(id);
    return seq && seq->drafts && impl_->drafting.on() && impl_->drafting.rest() == 0;
}

void Scheduler::Impl::plan_drafts(Micros target) {
    if (!drafting.on() || !only_decodes()) return;
    const DraftStep about = draft_step(target);
    const bool may_check = drafting.may_check(about.n_rows);
    std::vector<Sequence *> of;
    std::vector<Draft> drafts;
    for (const BatchRow & row : step.batch().rows) {
        Sequence & seq = *find(row.request);
        if (!seq.drafts || seq.prefilling() || !row.sample) continue;
        // The token that is sampled after all drafts must fit the limit too.
        const int32_t most = std::min(kMostDraft, seq.limit - seq.n_tokens() - 1);
        if (most <= 0) continue;
        const auto ahead = seq.cache ? cache.ahead(*seq.holding, seq.tokens, most) : std::vector<Token>{};
        Draft draft = drafting.source().draft(query_of(seq, ahead), may_check ? most : 0);
        draft.n = std::min(draft.n, may_check ? most : 0);
        if (draft.n <= 0) continue;
        of.push_back(&seq);
        drafts.push_back(draft);
    }
    if (drafts.empty()) return;
    const DraftChoice choice = drafting.choose(drafts, about);
    if (choice.n == 0) return;
    for (size_t i = 0; i < drafts.size(); ++i) {
        drafts[i].n = cache.extend(*of[i]->holding, drafts[i].n);
        if (drafts[i].n > 0) step.add_drafts(*of[i], drafts[i]);
    }
    if (step.n_drafts() == 0) return;
    const double expected = static_cast<double>(choice.tokens) / kCertain;
    decisions.write(0, 0, decision::Draft{step.n_drafts(), about.n_rows, expected, choice.with, choice.without});
}

/** Of a step that did not fail. */
void Scheduler::Impl::learn_from_drafts(Micros took) {
    if (!drafting.on() || !only_decodes()) return;
    int32_t n_right = 0;
    for (const BatchRow & row : step.batch().rows) {
        const Sequence * seq = find(row.request);
        if (seq && row.n_drafts > 0) n_right += std::min(seq->kept, row.n_drafts);
    }
    counters.draft_steps += step.n_drafts() > 0;
    if (!drafting.commit(draft_step(kNever), step.n_drafts(), n_right, took)) return;
    decisions.write(0, 0, decision::DraftRest{drafting.rest(), drafting.saved() / 1000});
}

}  // namespace banyan
