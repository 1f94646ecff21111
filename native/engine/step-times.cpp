#include "engine/step-times.h"

#include <algorithm>
#include <vector>

namespace banyan {

StepQuantiles StepTimes::quantiles() const {
    const size_t n = std::min(n_, kWindow);
    if (n == 0) return {};
    std::vector<Micros> sorted(ring_.begin(), ring_.begin() + static_cast<std::ptrdiff_t>(n));
    std::sort(sorted.begin(), sorted.end());
    const auto at = [&](size_t percent) { return static_cast<double>(sorted[(n - 1) * percent / 100]) / 1000; };
    return {at(50), at(95), at(99)};
}

}  // namespace banyan
