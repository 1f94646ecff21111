// How many rows a decode step is computed with, so that one graph, and what CUDA captured of it, serves many steps.
//
// A step of n decodes is padded to a bucket: rows without a request, each in an unused slot, that write one token
// to the scratch page. Policy only: pure, no llama.h. Owns: the present bucket. Changed by: rows_for. Thread: one.
// Invariant: n <= rows_for(n) <= n_slots, a power of two or n_slots itself.
#pragma once

#include <cstdint>

namespace banyan {

class BatchShape {
  public:
    explicit BatchShape(int32_t n_slots) : n_slots_(n_slots) {}

    /** Rows of a step of n_rows decodes, in [1, n_slots]. Grows at once, shrinks after kPatience smaller steps. */
    int32_t rows_for(int32_t n_rows);

    /** A change of shape costs a graph and the capture of it: longer than a few rows too many. */
    static constexpr int32_t kPatience = 32;

  private:
    int32_t bucket(int32_t n_rows) const;

    int32_t n_slots_;
    int32_t rows_ = 0;     // the present bucket
    int32_t smaller_ = 0;  // steps in a row that a smaller one would have held
    int32_t needed_ = 0;   // the bucket that would have held all of those
};

}  // namespace banyan
