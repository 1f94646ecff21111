// Fits the cost constants to steps that were timed.
//
// Owns: the last observations. Changed by: observe(). Thread: the engine thread.
// Invariant: integers only; constants never negative. Constants that the observations say nothing about stay as they
// are. Method: least squares of the relative error (a slow step counts as much as a fast one), by coordinate descent
// from the present constants, over the last kWindow steps.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/costs/cost-model.h"

namespace banyan {

class CostFit {
  public:
    static constexpr size_t kWindow = 256;  // observations kept
    static constexpr size_t kEvery = 32;    // observations between two fits

    /** A step of this shape took this long. Refits the model from time to time; true: it did now. */
    bool observe(CostModel & model, const StepShape & shape, Micros took);

  private:
    struct Sample {
        std::array<int64_t, 6> x;  // graphs, prefill, pairs, context, decodes, copies of states
        Micros took;
    };
    void fit(CostModel & model) const;

    std::array<Sample, kWindow> samples_;
    size_t n_ = 0;  // observed so far
};

}  // namespace banyan
