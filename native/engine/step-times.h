// How long the latest steps took.
//
// Owns: a ring of the last kWindow steps. Changed by: add. Thread: the engine thread.
#pragma once

#include <array>
#include <cstddef>

#include "core/types.h"

namespace banyan {

/** Milliseconds; 0 before the first step. */
struct StepQuantiles {
    double p50 = 0, p95 = 0, p99 = 0;
};

class StepTimes {
  public:
    static constexpr size_t kWindow = 1024;

    void add(Micros micros) { ring_[n_++ % kWindow] = micros; }
    StepQuantiles quantiles() const;

  private:
    std::array<Micros, kWindow> ring_{};
    size_t n_ = 0;  // steps so far
};

}  // namespace banyan
