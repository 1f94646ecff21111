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
    return seq && seq->drafts && impl_->drafting.on() && impl_->drafting.may_look();
}

void Scheduler::Impl::plan_drafts(Micros target) {
    if (!drafting.on()) return;
    if (drafting.model() && !step.empty()) drafting.model()->follow(step.batch());
    if (!only_decodes()) return;
    const DraftStep about = draft_step(target);
    const bool may_check = drafting.may_check(about.n_rows);
    if (!drafting.asks(may_check, about)) return;
    std::vector<Drafted> drafted;
    for (const BatchRow & row : step.batch().rows) {
        Sequence & seq = *find(row.request);
        if (!seq.drafts || seq.prefilling() || !row.sample) continue;
        // The token that is sampled after all drafts must fit the limit too.
        const int32_t most = std::min(kMostDraft, seq.limit - seq.n_tokens() - 1);
        if (most <= 0) continue;
        const auto ahead = seq.cache ? cache.ahead(*seq.holding, seq.tokens, most) : std::vector<Token>{};
        Draft draft = drafting.source().draft(query_of(seq, ahead), may_check ? most : 0);
        draft.n = std::min(draft.n, may_check ? most : 0);
        drafted.push_back({&seq, most, draft});
    }
    ask_model(drafted, about);
    check_drafts(drafted, about);
}

/** Those that are believed to make the step's tokens come soonest go into it. */
void Scheduler::Impl::check_drafts(const std::vector<Drafted> & drafted, const DraftStep & about) {
    std::vector<Draft> drafts;
    for (const Drafted & of : drafted) drafts.push_back(of.draft);
    const DraftChoice choice = drafting.choose(drafts, about);
    int32_t of_model = 0;
    for (size_t i = 0; i < drafts.size(); ++i) {
        const auto & [seq, most, whole, has_cells] = drafted[i];
        if (has_cells) cache.shorten(*seq->holding, most - drafts[i].n);
        if (drafts[i].n > 0 && !has_cells) drafts[i].n = extend(*seq, drafts[i].n);
        if (drafts[i].n > 0 || has_cells) step.add_drafts(*seq, drafts[i]);
        if (drafts[i].kind == DraftKind::model) of_model += drafts[i].n;
    }
    if (step.n_drafts() == 0) return;
    const double expected = static_cast<double>(choice.tokens) / kCertain;
    decisions.write(0, 0,
                    decision::Draft{step.n_drafts(), of_model, about.n_rows, expected, choice.with, choice.without,
                                    drafting.spent()});
}

/** Cells for at most so many drafts after the sequence's row; returns for how many. */
int32_t Scheduler::Impl::extend(Sequence & seq, int32_t n_drafts) {
    const size_t n_pages = seq.holding->table.pages().size();
    const int32_t n = cache.extend(*seq.holding, n_drafts);
    const std::vector<PageId> & pages = seq.holding->table.pages();
    for (size_t i = n_pages; drafting.model() && i < pages.size(); ++i) drafting.model()->take_page(pages[i]);
    return n;
}

/** A second model drafts for those who have nothing better, as far as that pays. */
void Scheduler::Impl::ask_model(std::vector<Drafted> & drafted, const DraftStep & about) {
    if (!drafting.may_ask_model(about.n_rows)) return;
    std::vector<ModelCandidate> candidates;
    std::vector<Drafted *> of;
    const auto row_of = [](const Sequence & seq) {
        const std::vector<PageId> & pages = seq.holding->table.pages();
        return ModelRow{seq.id, seq.slot, &seq.tokens, pages.data(), static_cast<int32_t>(pages.size()), 0};
    };
    for (Drafted & one : drafted) {
        const Sequence & seq = *one.seq;
        ModelCandidate row;
        row.unread = drafting.model()->unread(row_of(seq));
        if (row.unread <= 0) continue;
        row.n_tokens = seq.n_tokens();
        row.left = seq.limit - seq.n_tokens();
        row.most = one.most;
        for (int32_t i = 0; i < one.draft.n; ++i) row.instead += one.draft.chance[i];
        const DraftQuery query = query_of(seq, {});
        int64_t chance = kCertain, gain = 0;
        for (int32_t i = 0; i < kMostDraft; ++i) {
            chance = chance * drafting.source().chance_of_model(query, i) / kCertain;
            row.gain[static_cast<size_t>(i)] = gain += chance;
        }
        if (row.gain.back() <= row.instead) continue;
        candidates.push_back(row);
        of.push_back(&one);
    }
    const ModelPlan plan = drafting.plan_model(candidates, about);
    if (plan.depth == 0) return;
    std::vector<ModelRow> rows;
    std::vector<Drafted *> asked;
    for (size_t i = 0; i < candidates.size(); ++i) {
        if (plan.n_read[i] == 0) continue;
        Drafted & one = *of[i];
        // Its own cells of the drafts lie where the model's will.
        if (plan.n_read[i] == candidates[i].unread) {
            const int32_t n = extend(*one.seq, std::min(plan.depth, one.most));
            one.has_cells = n > 0;
            one.most = n;
            if (n == 0) continue;
        }
        rows.push_back(row_of(*one.seq));
        rows.back().n_read = plan.n_read[i];
        asked.push_back(&one);
    }
    if (rows.empty()) return;
    const ModelDrafts answer = drafting.model()->draft(rows, plan.depth);
    drafting.note_passes(answer.passes);
    for (size_t i = 0; i < asked.size(); ++i) {
        ModelDraft draft = answer.drafts[i];
        if (!asked[i]->has_cells) continue;
        draft.n = std::min(draft.n, asked[i]->most);
        if (draft.n > 0) asked[i]->draft = drafting.source().take(query_of(*asked[i]->seq, {}), draft);
        asked[i]->draft.n = std::min(asked[i]->draft.n, asked[i]->most);
    }
}

/** Of a step that did not fail. */
void Scheduler::Impl::learn_from_drafts(Micros took, int64_t foretelling) {
    if (!drafting.on()) return;
    if (!only_decodes()) return drafting.forget_step();
    int32_t n_right = 0;
    ModelShare model;
    for (const BatchRow & row : step.batch().rows) {
        const Sequence * seq = find(row.request);
        if (!seq || row.n_drafts == 0) continue;
        const int32_t right = std::min(seq->kept, row.n_drafts);
        n_right += right;
        if (seq->draft_kind != DraftKind::model) continue;
        model.n_drafts += row.n_drafts;
        model.n_right += right;
    }
    counters.draft_steps += step.n_drafts() > 0;
    counters.draft_model_time += drafting.spent();
    const DraftRests rests = drafting.commit(draft_step(kNever), step.n_drafts(), n_right, took, model, foretelling);
    const Micros saved = drafting.saved() / 1000;
    if (rests.texts) decisions.write(0, 0, decision::DraftRest{drafting.rest(), saved, false});
    if (rests.model) decisions.write(0, 0, decision::DraftRest{drafting.model_rest(), saved, true});
}

}  // namespace banyan
