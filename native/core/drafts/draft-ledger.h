// What drafts may cost: a hundredth of the time spent decoding, and what they have saved before.
//
// Owns: the balance, the rests. Changed by: pass, note. Thread: the engine thread. Invariant: who begins a step
// with drafts only when the balance pays for it, were none of them right, loses at most a hundredth of the time that
// passed, kCredit steps, and what one step took longer than was believed: whatever the steps take and however wrong the
// drafts are. Drafts that lost kLoss steps rest, each time twice as long, so that in the end they cost next to nothing.
#pragma once

#include <algorithm>
#include <cstdint>

namespace banyan {

class DraftLedger {
  public:
    static constexpr int32_t kShortestRest = 64, kLongestRest = 4096;  // steps
    static constexpr int64_t kCredit = 4;           // steps that may be lost to learn what drafts cost
    static constexpr int64_t kMost = 32;            // steps that the balance pays for at most
    static constexpr int64_t kLoss = 2, kGain = 4;  // steps lost before a rest, gained to forget rests

    int64_t balance() const { return balance_; }
    /** Steps for which drafts rest. */
    int32_t rest() const { return rest_; }
    /** Nanoseconds that drafts saved so far; negative: cost. */
    int64_t saved() const { return saved_; }

    /** A step of decodes that takes `plain` nanoseconds without drafts. */
    void pass(int64_t plain) {
        if (!begun_) balance_ = kCredit * plain;
        begun_ = true;
        balance_ = std::min(balance_ + plain / 100, kMost * plain);
        if (rest_ > 0) --rest_;
    }
    /** Its drafts saved so much, negative: cost. usual: the same as means tell. True: drafts rest from now on. */
    bool note(int64_t saved, int64_t usual, int64_t plain) {
        saved_ += saved;
        balance_ = std::min(balance_ + saved, kMost * plain);
        trend_ = std::min(trend_ + usual, kGain * plain);
        if (trend_ == kGain * plain) next_rest_ = kShortestRest;
        if (trend_ > -kLoss * plain) return false;
        trend_ = 0;
        rest_ = next_rest_;
        next_rest_ = std::min(next_rest_ * 2, kLongestRest);
        return true;
    }

  private:
    bool begun_ = false;
    int64_t balance_ = 0, saved_ = 0, trend_ = 0;
    int32_t rest_ = 0, next_rest_ = kShortestRest;
};

}  // namespace banyan
