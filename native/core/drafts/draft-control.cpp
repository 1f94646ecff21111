#include "core/drafts/draft-control.h"

#include <algorithm>

#include "core/drafts/draft.h"

namespace banyan {

namespace {

constexpr int64_t kLongest = int64_t{1} << 35;  // nanoseconds of a step, so that products of times and chances fit

int64_t nanos(Micros micros) {
    return std::min(micros, kLongest / 1000) * 1000;
}

}  // namespace

bool DraftControl::may_check(int32_t n_rows) const {
    if (ledger_.rest() > 0 || n_rows >= VerifyCurve::kRows || !curve_.knows(n_rows)) return false;
    return ledger_.balance() > 0 && curve_.since_plain(n_rows) < kControl;
}

/** The most tokens a time; drafts must be better by a thirtieth. */
DraftChoice DraftControl::choose(const std::vector<int32_t> & chances, const DraftStep & step) const {
    DraftChoice best;
    if (!may_check(step.n_rows)) return best;
    const int64_t plain = curve_.without(step.n_rows), whole = std::max<int64_t>(1, plain + nanos(step.context));
    const int32_t n_most =
        std::min({static_cast<int32_t>(chances.size()), step.most, VerifyCurve::kRows - step.n_rows});
    int64_t tokens = int64_t{step.n_rows} * kCertain, best_tokens = tokens * 31 / 30, best_time = whole;
    // A row alone makes no other one wait: who comes meanwhile waits for a step more at most.
    const Micros target = step.n_rows > 1 ? step.target : std::max(step.target, 2 * whole / 1000);
    int32_t farthest = 0;  // tried
    for (int32_t n = 1; n <= n_most; ++n) {
        if (curve_.tried(step.n_rows + n)) farthest = n;
        if (n > 2 * farthest + 1) break;  // what is not known is tried in small steps: it may cost many of one row
        tokens += chances[static_cast<size_t>(n - 1)];
        const int64_t cost = curve_.with(step.n_rows, n, nanos(step.row)) - plain, time = whole + cost;
        if (time > kLongest) break;
        // A staircase may go down again: one that takes too long does not end the search.
        if (time / 1000 > target || cost > ledger_.balance()) continue;
        if (tokens * best_time <= best_tokens * time) continue;
        best = {n, tokens, time / 1000, whole / 1000};
        best_tokens = tokens;
        best_time = time;
    }
    return best;
}

bool DraftControl::commit(const DraftStep & step, int32_t n_drafts, int32_t n_right, Micros took) {
    if (took <= 0 || step.n_rows < 1) return false;
    const int64_t context = nanos(step.context);
    const bool measured = step.n_rows + n_drafts <= VerifyCurve::kRows;
    const bool known = measured && curve_.knows(step.n_rows);
    const auto cost = [&] { return curve_.with(step.n_rows, n_drafts, nanos(step.row)) - curve_.without(step.n_rows); };
    const int64_t believed = known && n_drafts > 0 ? cost() : 0;
    curve_.observe(step.n_rows, n_drafts, nanos(took), context);
    if (!known) return false;
    const int64_t whole = std::max<int64_t>(1, curve_.without(step.n_rows) + context);
    ledger_.pass(whole);
    if (n_drafts == 0) return false;
    const int64_t gained = n_right * whole / step.n_rows;
    const int64_t took_longer = std::min(nanos(took) - whole, believed + whole);
    return ledger_.note(gained - took_longer, gained - cost(), whole);
}

}  // namespace banyan
