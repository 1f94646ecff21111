// How long the pages of a program that waits for a tool are worth keeping before those of others.
//
//   argmax over t of  P(tool back by t) * gain  -  pressure * t        (Continuum, 2025)
//
// gain = time to compute the pages again + max(0, service_tells_end) * the queueing that losing them leads to
// (programs/service-correlation.h: how well a program's service so far tells that it is nearly done). The first term
// jumps at measured durations only and the second falls in between, so the best t is 0 or one of the durations.
#pragma once

#include <cstdint>
#include <string>

#include "core/programs/report.h"
#include "core/programs/tool-times.h"
#include "core/types.h"

namespace banyan {

/** The smallest t among equally good ones. gain in micros, pressure in thousandths (micros lost elsewhere per milli
 * kept). */
Micros best_ttl(const ToolTimes & times, Micros gain, int64_t pressure);

struct RetentionCase {
    Micros restore = 0;   // computing the pages again
    Micros queueing = 0;  // waiting that follows, times max(0, service_tells_end)
    int32_t pressure = 0;
    Micros expected = 0;      // the caller's word on the duration; 0: none
    Micros keep_unknown = 0;  // when nothing is known: the tool, or what computing costs
    bool calibrated = false;
};

Retention decide_retention(const std::string & tool, const ToolTimes & times, const RetentionCase & c);

}  // namespace banyan
