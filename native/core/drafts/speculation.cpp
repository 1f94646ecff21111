#include "core/drafts/speculation.h"

#include <algorithm>

#include "core/drafts/drafter.h"

namespace banyan {

namespace {

constexpr uint64_t kControl = 32;  // of so many steps one is computed without drafts, to know what that takes

/** What the rows attend to counts apart: it grows with their contexts, not with their number. */
int64_t without_context(Micros took, Micros context) {
    return std::max<int64_t>(took * 1000 / 4, (took - context) * 1000);
}

}  // namespace

Speculation::Speculation(SpeculationMode mode, int32_t max_running)
    : mode_(mode),
      own_(mode == SpeculationMode::off ? nullptr : std::make_unique<Drafter>(max_running)),
      source_(own_.get()) {}

Speculation::~Speculation() = default;

int64_t Speculation::bytes() const {
    return own_ ? own_->bytes() : 0;
}

bool Speculation::may_try(int32_t n_rows) const {
    if (mode_ == SpeculationMode::off || n_rows < 1 || n_rows >= VerifyCurve::kRows) return false;
    if (mode_ == SpeculationMode::always) return true;
    const bool control = steps_ > 0 && curve_.age(n_rows) >= kControl;
    return !ledger_.resting() && !control;
}

void Speculation::choose(std::vector<Draft> & drafts, int32_t n_rows, int32_t most, Micros target,
                         Micros context) const {
    struct Marginal {
        int32_t chance;
        size_t draft;
    };
    std::vector<Marginal> marginals;  // along a draft chances fall, so that its first tokens come first
    for (size_t d = 0; d < drafts.size(); ++d) {
        for (int32_t i = 0; i < drafts[d].n; ++i) marginals.push_back({drafts[d].chance[i], d});
    }
    std::stable_sort(marginals.begin(), marginals.end(),
                     [](const Marginal & a, const Marginal & b) { return a.chance > b.chance; });
    const int32_t measurable = mode_ == SpeculationMode::always ? most : VerifyCurve::kRows - n_rows;
    const auto n_most = std::min({static_cast<int32_t>(marginals.size()), most, measurable});
    int32_t best = mode_ == SpeculationMode::always ? n_most : 0;
    if (mode_ == SpeculationMode::automatic) {
        // Tokens a time, compared as fractions; drafts must be better by a thirtieth.
        const int64_t attends = context * 1000;
        int64_t best_tokens = int64_t{n_rows} * kCertain * 31 / 30, tokens = int64_t{n_rows} * kCertain;
        int64_t best_time = curve_.nanos(n_rows) + attends;
        int32_t farthest = 0;  // measured
        for (int32_t n = 1; n <= n_most; ++n) {
            if (curve_.measured(n_rows + n)) farthest = n;
            if (n > 2 * farthest + 1) break;  // what is not known is tried in small steps: it may cost many of one row
            tokens += marginals[static_cast<size_t>(n - 1)].chance;
            const int64_t time = curve_.nanos(n_rows + n) + attends;
            if (time > target * 1000 && curve_.measured(n_rows)) break;
            // In the unit of a microsecond, so that the products fit.
            const int64_t left = (tokens >> 8) * (best_time / 1000 + 1), right = (best_tokens >> 8) * (time / 1000 + 1);
            if (left <= right) continue;
            best = n;
            best_tokens = tokens;
            best_time = time;
        }
    }
    std::vector<int32_t> taken(drafts.size(), 0);
    for (int32_t n = 0; n < best; ++n) ++taken[marginals[static_cast<size_t>(n)].draft];
    for (size_t d = 0; d < drafts.size(); ++d) drafts[d].n = taken[d];
}

bool Speculation::commit(int32_t n_rows, int32_t n_drafts, int32_t n_right, Micros took, Micros context) {
    ++steps_;
    const int64_t net = without_context(took, context);
    const int64_t plain = curve_.nanos(n_rows);
    curve_.observe(n_rows + n_drafts, net);
    if (took <= 0) return true;
    ledger_.pass(took * 1000);
    if (n_drafts == 0 || mode_ != SpeculationMode::automatic || !curve_.measured(n_rows)) return true;
    // By the means, not by this one step: it may have waited for another program.
    const int64_t cost = curve_.nanos(n_rows + n_drafts) - plain;
    const int64_t saved = n_right * (plain + context * 1000) / n_rows - cost;
    return ledger_.note(saved, plain);
}

}  // namespace banyan
