// What one request cost, as its owner reads it: the scheduler's counters, and the durations between its points in time.
#pragma once

#include <string>

#include "core/programs/report.h"

namespace banyan {

struct Usage : RequestUsage {
    Micros ended = 0;              // on the scheduler's clock
    int32_t reasoning_tokens = 0;  // of the output
    std::string retained;          // how long its program's pages are kept and why; '' = it has none

    Micros queue() const;    // submitted until its first step
    Micros prefill() const;  // its first step until its first token; 0 = none came
    Micros ttft() const;     // submitted until its first token; 0 = none came
    double itl_ms() const;   // mean time between tokens; 0 with fewer than two
    Micros total() const { return ended - submitted; }

    template <typename See>
    void each_field(See && see) const {
        RequestUsage::each_field(see);
        see("reasoningTokens", reasoning_tokens);
        see("queueMs", Millis{queue()});
        see("prefillMs", Millis{prefill()});
        see("ttftMs", Millis{ttft()});
        see("itlMs", itl_ms());
        see("totalMs", Millis{total()});
        see("retained", retained);
    }
};

}  // namespace banyan
