// How many programs may be active at once: additive increase, multiplicative decrease (CONCUR, 2025).
//
// Owns: the size. Changed by: tick(), admitted(). Thread: the engine thread. Invariant: size >= 1.
//
//   page use (demand) U      0 ........ use_low ........ use_high ........ 1
//                              + window_add |     hold     |  hits < hit_low: * window_keep
#pragma once

#include <cstdint>

#include "core/policy/policy.h"

namespace banyan {

class AdmissionWindow {
  public:
    explicit AdmissionWindow(const PolicyConfig & policy) : policy_(policy), size_(policy.window_start) {}

    int32_t size() const { return size_; }

    /**
     * Every policy.tick: use and hits in thousandths (hits -1: no program came back), active programs, and whether any
     * waits to become active. Grows only when the window is what they wait for. After a decrease it holds for
     * kSettle ticks, so that the next one judges its effect and not its cause.
     */
    void tick(int32_t use, int32_t hits, int32_t active, bool wanted);
    /** A program got in although the window was full, because memory was free: the window was too small. */
    void admitted(int32_t active);

    static constexpr int32_t kSettle = 8;

  private:
    const PolicyConfig & policy_;
    int32_t size_;
    int32_t settle_ = 0;
};

}  // namespace banyan
