#include "core/verify/model-drafting.h"

#include <algorithm>

namespace banyan {

namespace {

int64_t nanos(Micros micros) {
    return std::min<Micros>(micros, 1 << 25) * 1000;
}

}  // namespace

/** Nanoseconds of a run of one token a row. */
int64_t ModelDrafting::pass(int64_t n_rows, int64_t context) const {
    StepShape shape;
    shape.decodes = n_rows;
    shape.context = context;
    return nanos(cost_.step(shape));
}

/** Nanoseconds of the first n unread tokens of a row, in a run that there is anyway. */
int64_t ModelDrafting::reading(const ModelCandidate & row, int32_t n) const {
    return nanos(cost_.prefill(n, row.n_tokens - row.unread));
}

/** How deep to draft for how many of the rows, the first ones, had it read them: the most tokens a time. */
ModelDrafting::Best ModelDrafting::best_of(const std::vector<const ModelCandidate *> & rows, const DraftStep & step,
                                           const DraftControl & control) const {
    const int64_t plain = control.plain(step), all = int64_t{step.n_rows} * kCertain;
    const int32_t reach = control.reach(step);
    Best best;
    int64_t best_tokens = all * 31 / 30, best_time = plain;
    for (int32_t depth = 1; depth <= kDeepest; ++depth) {
        int32_t n_rows = 0, n_drafts = 0;
        int64_t tokens = all, context = 0;
        for (const ModelCandidate * row : rows) {
            const int32_t n = std::min(depth, row->most);
            if (n_drafts + n > reach) break;
            const int64_t gain = row->gain[static_cast<size_t>(n - 1)] - row->instead;
            if (gain <= 0) continue;
            ++n_rows;
            n_drafts += n;
            tokens += gain;
            context += row->n_tokens;
        }
        if (n_rows == 0) continue;
        const int64_t cost = control.extra(step, n_drafts) + depth * pass(n_rows, context), time = plain + cost;
        if (cost > control.ledger().balance() || time > control.longest(step)) continue;
        if (tokens * best_time <= best_tokens * time) continue;
        best = {depth, n_rows, plain * tokens / all - time};
        best_tokens = tokens;
        best_time = time;
    }
    return best;
}

/** Its chances are known from what it drafted: where it seems not to pay, it drafts now and then all the same. */
bool ModelDrafting::is_time_to_try() {
    if (++untried_ < wait_) return false;
    untried_ = 0;
    wait_ = std::min(2 * wait_, DraftRest::kLongest);
    return true;
}

ModelPlan ModelDrafting::plan(const std::vector<ModelCandidate> & candidates, const DraftStep & step,
                              const DraftControl & control) {
    ModelPlan plan;
    std::vector<const ModelCandidate *> rows;
    for (const ModelCandidate & row : candidates) rows.push_back(&row);
    std::stable_sort(rows.begin(), rows.end(), [](const auto * a, const auto * b) { return a->unread < b->unread; });
    Best best = best_of(rows, step, control);
    const bool pays = best.depth > 0;
    if (pays) {
        untried_ = 0;
        wait_ = DraftRest::kShortest;
    } else {
        if (!is_time_to_try()) return plan;
        best = {kTrialDepth, 1, 0};
    }
    // What is left for reading, once its drafts are paid: half, as they may all be wrong for a while.
    const int64_t drafting = best.depth * pass(best.n_rows, 0) + control.extra(step, best.n_rows * best.depth);
    const int64_t time = std::min(control.ledger().balance(), control.longest(step) - control.plain(step));
    int64_t budget = (time - drafting) / 2;
    if (budget < 0) return plan;
    plan.n_read.assign(candidates.size(), 0);
    for (const ModelCandidate * row : rows) {
        if (best.n_rows == 0) break;
        if (pays && row->gain[0] <= row->instead) continue;
        const int64_t whole = reading(*row, row->unread);
        // Reading is worth what is saved until the answer's end.
        const int64_t worth = best.saved / best.n_rows * std::min(row->left, kAnswer);
        if (pays && row->unread > kLeastRead && whole > worth) continue;
        int32_t n = row->unread;
        while (n > 1 && reading(*row, n) > budget) n /= 2;
        if (n < row->unread && n < kLeastRead) continue;
        plan.n_read[static_cast<size_t>(row - candidates.data())] = n;
        budget = std::max<int64_t>(0, budget - reading(*row, n));
        if (n == row->unread) --best.n_rows;
        plan.depth = best.depth;
    }
    return plan;
}

ModelPlan ModelDrafting::plan_all(const std::vector<ModelCandidate> & candidates) {
    ModelPlan plan;
    for (const ModelCandidate & row : candidates) plan.n_read.push_back(row.unread);
    plan.depth = candidates.empty() ? 0 : kDeepAlways;
    return plan;
}

int64_t ModelDrafting::observe(const std::vector<ModelPass> & passes) {
    int64_t spent = 0;
    for (const ModelPass & pass : passes) {
        spent += nanos(pass.took);
        fit_.observe(cost_, pass.shape, pass.took);
    }
    return spent;
}

}  // namespace banyan
