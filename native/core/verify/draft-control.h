// How many drafts a step checks so that tokens come soonest, by what steps took and how many drafts were right.
//
// Owns: the curve of what steps take, the ledger. Changed by: commit. Thread: the engine thread. Invariant: a function
// of the steps that were committed; integers only, so that the same steps give the same choices. See draft-ledger.h for
// what drafts may lose. A step that took longer than believed by more than a step without drafts waited for another
// program, as that would have: the rest is not counted against them, but moves the curve.
#pragma once

#include <cstdint>
#include <vector>

#include "core/types.h"
#include "core/verify/draft-ledger.h"
#include "core/verify/verify-curve.h"

namespace banyan {

/** A step of decodes as its drafts are chosen. */
struct DraftStep {
    int32_t n_rows = 0;
    int32_t most = 0;        // drafts that it has room for
    Micros target = kNever;  // it may not take longer for the sake of those in it; one row alone: nor than two steps
    Micros context = 0;      // for what the rows attend to: it grows with their texts, not with their number
    Micros row = 0;          // believed of a row more; 0: unknown
};

/** So many drafts, and what made them so many; times 0: they are checked whatever that takes. */
struct DraftChoice {
    int32_t n = 0;
    int64_t tokens = 0;            // expected of the step, of kCertain
    Micros with = 0, without = 0;  // that it takes with and without them, as believed
};

/** What a second model had to do with a step's drafts. */
struct ModelShare {
    int64_t spent = 0;                  // nanoseconds that it took to read and to draft, before the step
    int32_t n_drafts = 0, n_right = 0;  // of the step's: its own
};

/** Who rests from now on. */
struct DraftRests {
    bool texts = false, model = false;
};

class DraftControl {
  public:
    static constexpr int64_t kLook = 3'000;  // nanoseconds a row, in the tree and in both logs (measured, Zen 4)
    static constexpr int32_t kControl = 32;  // steps with drafts until one without tells again what that takes

    /** A step of so many decodes may have drafts. False: what comes is only compared with what would be drafted. */
    bool may_check(int32_t n_rows) const { return ledger_.rest() == 0 && may_lose(n_rows); }
    /** Drafts from texts do not rest, and what they saved or may cost is not used up. */
    bool may_pay() const { return ledger_.rest() == 0 && ledger_.balance() > 0; }
    /** Looks for drafts take more than a two-hundredth of such a step. Needs may_check(). */
    bool looks_count(const DraftStep & step) const { return 200 * kLook * step.n_rows > plain(step); }
    /** From now on a second model drafts too. */
    void add_model() { has_model_ = true; }
    /** It may draft for a step of so many decodes. */
    bool may_ask_model(int32_t n_rows) const { return has_model_ && model_.steps() == 0 && may_lose(n_rows); }
    /** Steps for which it rests. */
    int32_t model_rest() const { return model_.steps(); }

    // Of a step that may have drafts, in nanoseconds:
    int64_t plain(const DraftStep & step) const;                    // what it takes without
    int64_t extra(const DraftStep & step, int32_t n_drafts) const;  // how much longer it takes with so many
    /** The longest that it may take. */
    int64_t longest(const DraftStep & step) const;
    /** Drafts that it checks at most: what more would take is not known yet. */
    int32_t reach(const DraftStep & step) const;
    /** chances: of drafts, likeliest first, each of kCertain. */
    DraftChoice choose(const std::vector<int32_t> & chances, const DraftStep & step) const;
    /**
     * The step took so long, and n_right of its n_drafts were. Left out of that: a second model's drafting, and the
     * nanoseconds that texts took to foretell, which they pay for whether or not the step has drafts.
     */
    DraftRests commit(const DraftStep & step, int32_t n_drafts, int32_t n_right, Micros took,
                      const ModelShare & model = {}, int64_t foretelling = 0);

    const DraftLedger & ledger() const { return ledger_; }

  private:
    bool may_lose(int32_t n_rows) const;

    VerifyCurve curve_;
    DraftLedger ledger_;
    DraftRest model_;
    bool has_model_ = false;
};

}  // namespace banyan
