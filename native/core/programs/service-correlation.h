// Does attained service tell that a program is nearly done? The negated correlation of (calls so far, calls left) over
// programs that ended.
//
// 1: all programs are of the same length, so the most advanced one ends first and least-attained-service order would be
// exactly wrong. Below 1/2: lengths vary widely and the order pays (Autellix, 2025; Continuum, 2025).
//
// Owns: sums over the last kPrograms programs. Changed by: add(). Invariant: integers; -1000 <= service_tells_end() <=
// 1000.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace banyan {

class ServiceCorrelation {
  public:
    static constexpr size_t kPrograms = 100;
    static constexpr size_t kFewest = 8;  // programs below which nothing is concluded

    /** A program ended after n calls. */
    void add(int32_t n_calls);
    bool known() const { return n_ >= kFewest; }
    /** Thousandths; 1000 while not known(): order of arrival, the safe one. */
    int32_t service_tells_end() const;

  private:
    // Program of N calls: points (k, N - k) for k = 0 .. N - 1.
    struct Sums {
        int64_t n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
        void add(int64_t n_calls, int64_t sign);
    };

    std::array<int32_t, kPrograms> lengths_;
    size_t n_ = 0;  // ever added
    Sums sums_;
};

}  // namespace banyan
