// How many drafts a step checks so that tokens come soonest, by what steps took and how many drafts were right.
//
// Owns: the curve of what steps take, the ledger. Changed by: commit. Thread: the engine thread. Invariant: a function
// of the steps that were committed; integers only, so that the same steps give the same choices. See draft-ledger.h for
// what drafts may lose. A step that took longer than believed by more than a step without drafts waited for another
// program, as that would have: the rest is not counted against them, but moves the curve.
#pragma once

#include <cstdint>
#include <vector>

#include "core/drafts/draft-ledger.h"
#include "core/drafts/verify-curve.h"
#include "core/types.h"

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

class DraftControl {
  public:
    static constexpr int32_t kControl = 32;  // steps with drafts until one without tells again what that takes

    /** A step of so many decodes may have drafts. False: what comes is only compared with what would be drafted. */
    bool may_check(int32_t n_rows) const;
    /** chances: of drafts, likeliest first, each of kCertain. */
    DraftChoice choose(const std::vector<int32_t> & chances, const DraftStep & step) const;
    /** The step took so long, and n_right of its n_drafts were. True: drafts rest from now on. */
    bool commit(const DraftStep & step, int32_t n_drafts, int32_t n_right, Micros took);

    const DraftLedger & ledger() const { return ledger_; }

  private:
    VerifyCurve curve_;
    DraftLedger ledger_;
};

}  // namespace banyan
