#include "core/programs/report.h"

#include <cstdio>

namespace banyan {

namespace {

std::string seconds(Micros span) {
    if (span >= kNever) return "for good";
    char text[32];
    std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(span) / 1e6);
    return text;
}

std::string count(int32_t n) {
    return std::to_string(n);
}

}  // namespace

std::string describe(const Retention & r) {
    const std::string tool = r.tool.empty() ? "an unnamed tool" : r.tool;
    const std::string kept = "kept " + seconds(r.ttl) + " because ";
    switch (r.reason) {
        case RetainReason::none:
            return "not kept: nothing to wait for";
        case RetainReason::free_memory:
            return kept + "memory is free";
        case RetainReason::unknown_tool:
            return kept + "only " + count(r.samples) + " calls of " + tool + " were timed";
        case RetainReason::measured:
            return kept + count(r.back_by_then) + " of " + count(r.samples) + " calls of " + tool +
                   " were back by then, and computing again takes " + seconds(r.restore);
        case RetainReason::expected:
            return kept + tool + " is expected back by then";
        case RetainReason::worthless:
            return "not kept: computing again takes " + seconds(r.restore) + " only";
    }
    return "";
}

}  // namespace banyan
