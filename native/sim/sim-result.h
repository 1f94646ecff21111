// What a simulation gives back: a record a call, a timeline, the decision log, and what was violated on the way.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/policy/stats.h"
#include "core/types.h"
#include "sim/call-graph.h"

namespace banyan::sim {

/** Times are points of the virtual clock, 0 = never came to it. */
struct CallReport {
    CallState state = CallState::blocked;
    Micros due = 0;  // when its program asked for it
    Micros admitted = 0, first_token = 0, ended = 0;
    int32_t prompt_tokens = 0;
    int32_t cached_tokens = 0;    // at first admission
    int32_t computed_tokens = 0;  // prompt, answer, and what was computed again
    int32_t output_tokens = 0;
    int32_t preemptions = 0;
    int32_t refusals = 0;    // BACKPRESSURE answers before it was taken
    Micros longest_gap = 0;  // between two of its tokens
};

/** The state at one time; tokens since the beginning, by class. */
struct Sample {
    Micros time = 0;
    int32_t running = 0, waiting = 0;
    int32_t pages_used = 0, pages_cached = 0, pages_pinned = 0, window = 0;
    std::array<int64_t, kClasses> prefilled{}, decoded{};
};

/** Of a program, when its last call had ended. */
struct ProgramEnd {
    Micros ended = 0;
    int64_t service = 0, lost_tokens = 0;
    Micros waited = 0, acting = 0;
    int32_t pauses = 0;
};

struct SimResult {
    std::vector<CallReport> calls;
    std::vector<ProgramEnd> programs;
    std::vector<Sample> timeline;
    std::array<std::vector<int32_t>, kClasses> gaps;  // microseconds between tokens of one answer
    Sample total;                                     // tokens since the beginning
    SchedulerStats stats;
    std::vector<int32_t> schedule_ns;     // measured: schedule() + commit(), a step
    std::vector<int32_t> step_us;         // simulated
    std::vector<std::string> violations;  // at most 20, in words
    std::string log;
    bool aborted = false;
};

}  // namespace banyan::sim
