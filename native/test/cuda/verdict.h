// Lines of the pass/fail table: every program prints its own where they fall, run.sh collects them.
#pragma once

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace banyan::test {

enum class Bound { at_least, at_most };

/** point: number in the list of targets. Returns whether it holds. */
inline bool verdict(int point, const std::string & what, double value, Bound bound, double limit) {
    const bool holds = bound == Bound::at_least ? value >= limit : value <= limit;
    std::printf("verdict | %d | %s | %.4g | %s %.4g | %s |\n", point, what.c_str(), value,
                bound == Bound::at_least ? ">=" : "<=", limit, holds ? "pass" : "FAIL");
    std::fflush(stdout);
    return holds;
}

inline double median(std::vector<double> x) {
    std::sort(x.begin(), x.end());
    return x[x.size() / 2];
}

}  // namespace banyan::test
