#include "core/verify/draft-control.h"

#include <algorithm>

#include "core/drafts/draft.h"

namespace banyan {

namespace {

constexpr int64_t kLongest = int64_t{1} << 35;  // nanoseconds of a step, so that products of times and chances fit

int64_t nanos(Micros micros) {
    return std::min(micros, kLongest / 1000) * 1000;
}

}  // namespace

bool DraftControl::may_lose(int32_t n_rows) const {
    if (n_rows >= VerifyCurve::kRows || !curve_.knows(n_rows)) return false;
    return ledger_.balance() > 0 && curve_.since_plain(n_rows) < kControl;
}

int64_t DraftControl::plain(const DraftStep & step) const {
    return std::max<int64_t>(1, curve_.without(step.n_rows) + nanos(step.context));
}

int64_t DraftControl::extra(const DraftStep & step, int32_t n_drafts) const {
    return curve_.with(step.n_rows, n_drafts, nanos(step.row)) - curve_.without(step.n_rows);
}

/** A row alone makes no other one wait: who comes meanwhile waits for a step more at most. */
int64_t DraftControl::longest(const DraftStep & step) const {
    const int64_t target = nanos(step.target);
    return step.n_rows > 1 ? target : std::max(target, 2 * plain(step));
}

/** What is not known is tried in small steps: it may cost many of one row. */
int32_t DraftControl::reach(const DraftStep & step) const {
    const int32_t most = std::min(step.most, VerifyCurve::kRows - step.n_rows);
    int32_t farthest = 0;
    for (int32_t n = 1; n <= most; ++n) {
        if (curve_.tried(step.n_rows + n)) farthest = n;
        if (n > 2 * farthest + 1) return n - 1;
    }
    return std::max(0, most);
}

/** The most tokens a time; drafts must be better by a thirtieth. */
DraftChoice DraftControl::choose(const std::vector<int32_t> & chances, const DraftStep & step) const {
    DraftChoice best;
    if (!may_check(step.n_rows) && !may_ask_model(step.n_rows)) return best;
    const int64_t whole = plain(step), most_time = longest(step);
    const int32_t n_most = std::min(static_cast<int32_t>(chances.size()), reach(step));
    int64_t tokens = int64_t{step.n_rows} * kCertain, best_tokens = tokens * 31 / 30, best_time = whole;
    for (int32_t n = 1; n <= n_most; ++n) {
        tokens += chances[static_cast<size_t>(n - 1)];
        const int64_t cost = extra(step, n), time = whole + cost;
        if (time > kLongest) break;
        // A staircase may go down again: one that takes too long does not end the search.
        if (time > most_time || cost > ledger_.balance()) continue;
        if (tokens * best_time <= best_tokens * time) continue;
        best = {n, tokens, time / 1000, whole / 1000};
        best_tokens = tokens;
        best_time = time;
    }
    return best;
}

DraftRests DraftControl::commit(const DraftStep & step, int32_t n_drafts, int32_t n_right, Micros took,
                                const ModelShare & model, int64_t foretelling) {
    if (took <= 0 || step.n_rows < 1) return {};
    const bool measured = step.n_rows + n_drafts <= VerifyCurve::kRows;
    const bool known = measured && curve_.knows(step.n_rows);
    const int64_t believed = known && n_drafts > 0 ? extra(step, n_drafts) : 0;
    const int64_t behind = n_drafts == 0 && curve_.unsettled() > 0 ? curve_.longer() : 0;
    curve_.observe(step.n_rows, n_drafts, nanos(took), nanos(step.context));
    if (!known) return {};
    const int64_t whole = plain(step);
    ledger_.pass(whole, step.n_rows);
    model_.pass();
    if (n_drafts == 0 && model.spent == 0 && behind + foretelling == 0) return {};
    const auto gained = [&](int32_t n) { return n * whole / step.n_rows; };
    const int64_t cost = n_drafts > 0 ? extra(step, n_drafts) : 0;
    const int64_t longer = n_drafts > 0 ? std::min(nanos(took) - whole, believed + whole) : 0;
    // Each pays for its part of the rows; the model for its own time too.
    const int64_t of_model = n_drafts > 0 ? cost * model.n_drafts / n_drafts : 0;
    DraftRests rests;
    const int64_t of_texts = behind + foretelling;
    rests.texts = ledger_.note(gained(n_right) - longer - model.spent - of_texts,
                               gained(n_right - model.n_right) - (cost - of_model) - of_texts, whole);
    if (model.spent > 0 || model.n_drafts > 0) {
        rests.model = model_.note(gained(model.n_right) - of_model - model.spent, whole);
    }
    return rests;
}

}  // namespace banyan
