#include "core/programs/retention.h"

#include <algorithm>

namespace banyan {

namespace {

__extension__ typedef __int128 Wide;

}  // namespace

Micros best_ttl(const ToolTimes & times, Micros gain, int64_t pressure) {
    const std::vector<Micros> & sorted = times.sorted();
    const Wide n = sorted.size();
    Micros best = 0;
    Wide best_value = static_cast<Wide>(times.back_by(0)) * gain * 1000;
    for (size_t i = 0; i < sorted.size(); ++i) {
        if (i + 1 < sorted.size() && sorted[i + 1] == sorted[i]) continue;
        const Wide value = static_cast<Wide>(i + 1) * gain * 1000 - n * pressure * sorted[i];
        if (value <= best_value) continue;
        best_value = value;
        best = sorted[i];
    }
    return best;
}

Retention decide_retention(const std::string & tool, const ToolTimes & times, const RetentionCase & c) {
    Retention r;
    r.tool = tool;
    r.samples = times.n();
    r.restore = c.restore;
    r.pressure = c.pressure;
    if (c.expected > 0) {
        // As long again as said: durations scatter. Not when computing again costs less than keeping so long.
        const bool pays = !c.calibrated || (c.restore + c.queueing) * 1000 >= c.pressure * c.expected;
        r.ttl = pays ? 2 * c.expected : 0;
        r.reason = pays ? RetainReason::expected : RetainReason::worthless;
    } else if (!times.known() || !c.calibrated) {
        r.ttl = c.keep_unknown;
        r.reason = RetainReason::unknown_tool;
    } else {
        r.ttl = best_ttl(times, c.restore + c.queueing, c.pressure);
        r.reason = c.pressure == 0 ? RetainReason::free_memory
                   : r.ttl == 0    ? RetainReason::worthless
                                   : RetainReason::measured;
    }
    r.back_by_then = times.back_by(r.ttl);
    return r;
}

}  // namespace banyan
