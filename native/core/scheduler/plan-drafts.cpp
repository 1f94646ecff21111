// What the requests that decode may say next, checked in the same step.
//
// A draft evicts, preempts and copies nothing: it takes cells that are free, and a step with a prompt has none.
#include <algorithm>

#include "core/scheduler/scheduler-impl.h"

namespace banyan {

DraftQuery Scheduler::Impl::query_of(const Sequence & seq, const std::vector<Token> & ahead) const {
    return {seq.id,       seq.salt,     seq.cache && config.prefix_reuse,  seq.tokens,
            seq.n_prompt, ahead.data(), static_cast<int32_t>(ahead.size())};
}

void Scheduler::Impl::plan_drafts() {
    if (!drafting.on() || step.empty() || step.shape().prefill > 0) return;
    std::vector<Sequence *> of;
    std::vector<Draft> drafts;
    for (const BatchRow & row : step.batch().rows) {
        Sequence & seq = *find(row.request);
        if (!seq.drafts || seq.prefilling() || !row.sample) continue;
        // The token that is sampled after all drafts must fit the limit too.
        const int32_t most = std::min(kMostDraft, seq.limit - seq.n_tokens() - 1);
        if (most <= 0) continue;
        const auto ahead = seq.cache ? cache.ahead(*seq.holding, seq.tokens, most) : std::vector<Token>{};
        Draft draft = drafting.source().draft(query_of(seq, ahead), most);
        draft.n = std::min(draft.n, most);
        if (draft.n <= 0) continue;
        of.push_back(&seq);
        drafts.push_back(draft);
    }
    if (drafts.empty()) return;
    const int32_t most = std::min(kMostScored, config.max_batch_tokens - step.batch().n_tokens);
    Drafting::cut(drafts, most);
    for (size_t i = 0; i < drafts.size(); ++i) {
        drafts[i].n = cache.extend(*of[i]->holding, drafts[i].n);
        if (drafts[i].n > 0) step.add_drafts(*of[i], drafts[i]);
    }
}

}  // namespace banyan
