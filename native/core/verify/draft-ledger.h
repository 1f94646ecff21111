// What drafts may cost: a hundredth of the time spent decoding, and what they have saved before.
//
// Owns: the balance, the rests of drafts from texts; a second model has rests of its own and pays from the same
// balance. Changed by: pass, note. Thread: the engine thread. Invariant: who begins a step with drafts only when the
// balance pays for it, were none of them right, loses at most a hundredth of the time that passed, the time of kCredit
// tokens, and what one step took longer than was believed: whatever the steps take and however wrong the drafts are.
// Drafts that lost kLoss steps rest, each time twice as long, so that in the end they cost next to nothing.
#pragma once

#include <algorithm>
#include <cstdint>

namespace banyan {

/** When drafts of one kind rest, and for how long. */
class DraftRest {
  public:
    static constexpr int32_t kShortest = 64, kLongest = 4096;  // steps
    static constexpr int64_t kLoss = 2, kGain = 4;             // steps lost before a rest, gained to forget rests

    /** Steps for which they rest. */
    int32_t steps() const { return steps_; }
    void pass() { steps_ -= steps_ > 0; }
    /** They saved so much, negative: cost, as means tell, where a step takes `plain`. True: they rest from now on. */
    bool note(int64_t usual, int64_t plain) {
        trend_ = std::min(trend_ + usual, kGain * plain);
        if (trend_ == kGain * plain) next_ = kShortest;
        if (trend_ > -kLoss * plain) return false;
        trend_ = 0;
        steps_ = next_;
        next_ = std::min(next_ * 2, kLongest);
        return true;
    }

  private:
    int64_t trend_ = 0;
    int32_t steps_ = 0, next_ = kShortest;
};

class DraftLedger {
  public:
    static constexpr int64_t kCredit = 4;  // tokens whose time may be lost to learn what drafts cost
    static constexpr int64_t kMost = 32;   // steps that the balance pays for at most

    int64_t balance() const { return balance_; }
    /** Steps for which drafts rest. */
    int32_t rest() const { return rest_.steps(); }
    /** Nanoseconds that drafts saved so far; negative: cost. */
    int64_t saved() const { return saved_; }

    /** A step of so many decodes that takes `plain` nanoseconds without drafts. */
    void pass(int64_t plain, int32_t n_rows) {
        if (!begun_) balance_ = kCredit * plain / n_rows;
        begun_ = true;
        balance_ = std::min(balance_ + plain / 100, kMost * plain);
        rest_.pass();
    }
    /** Its drafts saved so much, negative: cost. usual: the same as means tell. True: drafts rest from now on. */
    bool note(int64_t saved, int64_t usual, int64_t plain) {
        saved_ += saved;
        balance_ = std::min(balance_ + saved, kMost * plain);
        return rest_.note(usual, plain);
    }

  private:
    bool begun_ = false;
    int64_t balance_ = 0, saved_ = 0;
    DraftRest rest_;
};

}  // namespace banyan
