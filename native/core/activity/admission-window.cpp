#include "core/activity/admission-window.h"

#include <algorithm>

namespace banyan {

namespace {

constexpr int32_t kLargest = 1 << 20;

}  // namespace

void AdmissionWindow::tick(int32_t use, int32_t hits, int32_t active, bool wanted) {
    settle_ = std::max(0, settle_ - 1);
    if (use > policy_.use_high && hits >= 0 && hits < policy_.hit_low) {
        if (settle_ > 0) return;
        size_ = std::max<int32_t>(1, static_cast<int64_t>(std::min(size_, active)) * policy_.window_keep / 1000);
        settle_ = kSettle;
    } else if (use < policy_.use_low && wanted && active >= size_) {
        size_ = std::min(kLargest, size_ + policy_.window_add);
    }
}

void AdmissionWindow::admitted(int32_t active) {
    size_ = std::max(size_, std::min(kLargest, active));
}

}  // namespace banyan
