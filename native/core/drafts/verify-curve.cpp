#include "core/drafts/verify-curve.h"

#include <algorithm>

namespace banyan {

namespace {

constexpr int64_t kUnit = 1'000'000;

/** The believed shape, of a step of one row = 4. */
int64_t shape(int32_t n) {
    return 3 + n;
}

}  // namespace

void VerifyCurve::observe(int32_t n, int64_t nanos) {
    ++steps_;
    if (n < 1 || n > kRows || nanos <= 0) return;
    Point & point = points_[static_cast<size_t>(n)];
    if (!knows(n)) point = {};
    // A step that waited for another program tells little, and one that did not tells that an earlier one had.
    if (point.count > 0) nanos = std::min(nanos, 2 * point.mean);
    if (point.count > 0) point.mean = std::min(point.mean, 2 * nanos);
    point.count = std::min(point.count + 1, 8);
    point.mean += (nanos - point.mean) / point.count;
    point.seen = steps_;
}

bool VerifyCurve::knows(int32_t n) const {
    return measured(n) && age(n) < kFresh;
}

int64_t VerifyCurve::nanos(int32_t n) const {
    int32_t low = std::min(n, kRows), high = low;
    while (low > 0 && !knows(low)) --low;
    while (high <= kRows && !knows(high)) ++high;
    const auto mean = [&](int32_t at) { return points_[static_cast<size_t>(at)].mean; };
    if (low == high) return std::max<int64_t>(1, mean(low) * shape(n) / shape(low));
    if (low == 0 && high > kRows) return kUnit * shape(n) / shape(1);
    if (high > kRows) return std::max<int64_t>(1, mean(low) * shape(n) / shape(low));
    if (low == 0) return std::max<int64_t>(1, mean(high) * shape(n) / shape(high));
    return std::max<int64_t>(1, mean(low) + (mean(high) - mean(low)) * (n - low) / (high - low));
}

}  // namespace banyan
