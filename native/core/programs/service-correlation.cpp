#include "core/programs/service-correlation.h"

#include <algorithm>

namespace banyan {

namespace {

__extension__ typedef __int128 Wide;

constexpr int32_t kLongest = 4096;  // calls: keeps the products below 2^127

/** floor(sqrt(v)). */
Wide root(Wide v) {
    Wide low = 0, high = static_cast<Wide>(1) << 63;
    while (high - low > 1) {
        const Wide mid = low + (high - low) / 2;
        (mid * mid <= v ? low : high) = mid;
    }
    return low;
}

}  // namespace

void ServiceCorrelation::Sums::add(int64_t N, int64_t sign) {
    const int64_t sum_k = N * (N - 1) / 2, sum_kk = (N - 1) * N * (2 * N - 1) / 6;
    n += sign * N;
    x += sign * sum_k;
    y += sign * N * (N + 1) / 2;
    xx += sign * sum_kk;
    yy += sign * N * (N + 1) * (2 * N + 1) / 6;
    xy += sign * (N * sum_k - sum_kk);
}

void ServiceCorrelation::add(int32_t n_calls) {
    n_calls = std::clamp(n_calls, 1, kLongest);
    int32_t & place = lengths_[n_ % kPrograms];
    if (n_ >= kPrograms) sums_.add(place, -1);
    place = n_calls;
    sums_.add(n_calls, +1);
    ++n_;
}

int32_t ServiceCorrelation::service_tells_end() const {
    if (!known()) return 1000;
    const Wide n = sums_.n;
    const Wide cov = n * sums_.xy - static_cast<Wide>(sums_.x) * sums_.y;
    const Wide var_x = n * sums_.xx - static_cast<Wide>(sums_.x) * sums_.x;
    const Wide var_y = n * sums_.yy - static_cast<Wide>(sums_.y) * sums_.y;
    if (var_x <= 0 || var_y <= 0) return 1000;  // one call each: nothing to order
    const Wide scale = root(var_x) * root(var_y);
    return static_cast<int32_t>(std::clamp<Wide>(scale == 0 ? 1000 : -cov * 1000 / scale, -1000, 1000));
}

}  // namespace banyan
