#include "core/costs/tier-cost.h"

#include <algorithm>

namespace banyan {

namespace {

constexpr int64_t kSmooth = 16;  // observations that a time is smoothed over

}  // namespace

void TierCost::observe(Micros began, bool alone, Micros now, int64_t n_pages) {
    if (last_ > 0 && now - last_ > kForget) forget();
    const int64_t took = std::max<Micros>(0, now - std::max(began, last_)) * 1000;
    if (alone) {
        first_ += (std::max<int64_t>(0, took - n_pages * page_) - first_) / kSmooth;
        if (took < n_pages * page_) page_ += (took / n_pages - page_) / kSmooth;
    } else {
        page_ += (took / n_pages - page_) / kSmooth;
    }
    last_ = now;
}

Micros TierCost::read(int64_t n_pages, int64_t n_before, Micros now) const {
    const bool stale = last_ > 0 && now - last_ > kForget;
    const int64_t first = stale ? believed_first_ : first_, page = stale ? believed_page_ : page_;
    return (first + (n_before + n_pages) * page) / 1000;
}

}  // namespace banyan
