// What a step of decodes takes by its number of rows, drafts counted as rows: measured, since it is a staircase on a
// CPU (matrix kernels take four rows at once) and nearly flat on a GPU.
//
// Owns: a mean a number of rows. Changed by: observe. Thread: the engine thread. Invariant: integers only; what was not
// measured lately lies on a line between its measured neighbours, and beyond them a row more is a quarter of a step:
// too little on a CPU, so that it is tried and measured.
#pragma once

#include <array>
#include <cstdint>

#include "core/types.h"

namespace banyan {

class VerifyCurve {
  public:
    static constexpr int32_t kRows = 96;      // that are measured
    static constexpr uint64_t kFresh = 4096;  // steps for which a mean is believed

    /** A step of n rows, [1, kRows], took so many nanoseconds. */
    void observe(int32_t n, int64_t nanos);
    /** Nanoseconds, > 0; before any step in units of their own. */
    int64_t nanos(int32_t n) const;
    bool measured(int32_t n) const { return points_[static_cast<size_t>(n)].count > 0; }
    /** Steps since n rows were measured. */
    uint64_t age(int32_t n) const { return steps_ - points_[static_cast<size_t>(n)].seen; }

  private:
    struct Point {
        int64_t mean = 0;
        int32_t count = 0;
        uint64_t seen = 0;
    };
    bool knows(int32_t n) const;

    std::array<Point, kRows + 1> points_{};
    uint64_t steps_ = 0;
};

}  // namespace banyan
