#include "core/decision-log.h"

#include <cstdio>

namespace banyan {

namespace {

constexpr const char * kNames[kDecisionKinds] = {
    "arrive", "refuse", "admit", "coalesce",  "dedupe", "bypass", "preempt", "lift",  "window", "pause",  "resume",
    "retain", "expire", "evict", "break_pin", "plan",   "ahead",  "budget",  "refit", "finish", "cancel", "program_end",
};

}  // namespace

const char * name_of(Decision::Kind kind) {
    return kNames[static_cast<int>(kind)];
}

std::string describe(const Decision & d) {
    char line[160];
    std::snprintf(line, sizeof line, "%lld %s request %llu program %llu: %lld, %lld", static_cast<long long>(d.at),
                  name_of(d.kind), static_cast<unsigned long long>(d.request),
                  static_cast<unsigned long long>(d.program), static_cast<long long>(d.a), static_cast<long long>(d.b));
    return line;
}

}  // namespace banyan
