#include "core/verify/verify-curve.h"

#include <algorithm>

namespace banyan {

void VerifyCurve::add(Point & point, int64_t nanos, int64_t context) const {
    if (point.count > 0 && steps_ - point.seen >= kFresh) point = {};
    if (point.count < 2) {
        const int64_t alone = nanos - context;
        point.mean = point.count == 0 ? alone : std::min(point.mean, alone);
    } else {
        // A step that waited for another program tells little.
        const int64_t usual = std::max<int64_t>(1, point.mean + context);
        point.mean += (std::min(nanos, 2 * usual) - usual) / (steps_ - point.seen > kHalf ? 2 : 8);
    }
    point.count = std::min(point.count + 1, 2);
    point.seen = steps_;
}

void VerifyCurve::observe(int32_t n_rows, int32_t n_drafts, int64_t nanos, int64_t context) {
    ++steps_;
    const int32_t unsettled = n_drafts > 0 ? 0 : unsettled_;
    unsettled_ = n_drafts > 0 ? kUnsettled : std::max(0, unsettled_ - 1);
    if (n_rows < 1 || n_rows + n_drafts > kRows || nanos <= 0) return;
    if (unsettled > 0) {
        if (!knows(n_rows)) return;
        int64_t & longer = longer_[at(unsettled - 1)];
        const int64_t usual = std::max<int64_t>(1, without(n_rows) + context);
        longer += (std::clamp<int64_t>(nanos - usual, 0, usual) - longer) / 8;
        return;
    }
    since_plain_[at(n_rows)] = n_drafts > 0 ? since_plain_[at(n_rows)] + 1 : 0;
    add(n_drafts > 0 ? drafted_[at(n_rows + n_drafts)] : without_[at(n_rows)], nanos, context);
}

const VerifyCurve::Point * VerifyCurve::known(int32_t n) const {
    if (n > kRows) return nullptr;
    if (is_known(drafted_[at(n)])) return &drafted_[at(n)];
    return is_known(without_[at(n)]) ? &without_[at(n)] : nullptr;
}

/** Nanoseconds beyond `least`. Needs known(n). */
int64_t VerifyCurve::extra(int32_t n, int64_t least) const {
    const Point & point = *known(n);
    return std::max<int64_t>(0, point.mean - least) >> ((steps_ - point.seen) / kHalf);
}

int64_t VerifyCurve::with(int32_t n_rows, int32_t n_drafts, int64_t row) const {
    const int32_t n = std::min(n_rows + n_drafts, kRows);
    const int64_t least = without(n_rows);
    int32_t low = n, high = n;
    while (low > n_rows && !known(low)) --low;
    while (high <= kRows && !known(high)) ++high;
    const int64_t below = low > n_rows ? extra(low, least) : 0;
    if (low == n) return least + below;
    if (high <= kRows)
        return least + std::max<int64_t>(0, below + (extra(high, least) - below) * (n - low) / (high - low));
    const int64_t step = std::max<int64_t>(0, least);
    const int64_t slope = std::clamp<int64_t>(row > 0 ? row / 2 : step / 8, 0, step);
    return least + below + slope * (n - low);
}

}  // namespace banyan
