// Whether drafts pay: what they saved and what they cost, step by step; drafts that do not pay rest for a while.
//
// Owns: the balance. Changed by: note, rest. Thread: the engine thread. Invariant: after a balance below
// minus half a hundredth of the time spent decoding and half a step there are no drafts for a while; a rest is twice as
// long as the last one if nothing was won since.
#pragma once

#include <algorithm>
#include <cstdint>

namespace banyan {

class SpeculationLedger {
  public:
    static constexpr int32_t kShortestRest = 64, kLongestRest = 4096;  // steps

    bool resting() const { return rest_ > 0; }
    int32_t rest() const { return rest_; }
    /** A step that only decoded went by. */
    void pass(int64_t took) {
        decoded_ += took;
        if (rest_ > 0) --rest_;
        if (decoded_ < kWindow) return;
        decoded_ /= 2;
        balance_ /= 2;
    }
    /** Of it: drafts saved so much (less than 0: cost), where a step without them takes `plain`. False: they rest now.
     */
    bool note(int64_t saved, int64_t plain) {
        const int64_t allowed = decoded_ / 200 + plain / 2;
        total_ += saved;
        balance_ = std::min(balance_ + saved, allowed);
        if (balance_ == allowed) next_rest_ = kShortestRest;
        if (balance_ >= -allowed) return true;
        rest_ = next_rest_;
        next_rest_ = std::min(next_rest_ * 2, kLongestRest);
        balance_ = -allowed * 7 / 8;
        return false;
    }
    /** Nanoseconds that drafts saved in all. */
    int64_t total() const { return total_; }

  private:
    static constexpr int64_t kWindow = 60'000'000'000;  // ns

    int64_t decoded_ = 0, balance_ = 0, total_ = 0;
    int32_t rest_ = 0, next_rest_ = kShortestRest;
};

}  // namespace banyan
