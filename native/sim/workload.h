// Programs as data: which calls an agent makes, on which prompts, after what, how long its tools take.
//
// Owns: its vectors. Changed by: nothing once check() has passed.
// Thread: any. Invariant (check()): every reference goes to an earlier call, so the calls are a graph without cycles.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/types.h"

namespace banyan::sim {

using CallIndex = int32_t;
constexpr CallIndex kNoCall = -1;

/** n_tokens tokens of a content: equal contents are equal token runs, others have nothing in common. */
struct Segment {
    int64_t content = 0;  // below Workload::literals.size(): that literal run; else drawn from the number
    int32_t n_tokens = 0;
};

/** One request to the engine. Its prompt is what `base` had and said, cut to base_tokens, then `append`. */
struct Call {
    int32_t program = 0;
    std::vector<CallIndex> after;  // calls that must end first
    int32_t need = 0;              // that many of `after` are enough, the others are cancelled; 0 = all
    CallIndex base = kNoCall;      // one of the calls that ended by then
    int32_t base_tokens = -1;      // -1 = all of the base's prompt and output
    std::vector<Segment> append;
    int32_t output = 1;          // forced length of the answer
    int64_t output_content = 0;  // 0 = its own
    // What its program does between its own last call and this one. '' = nothing that anybody hears of; "human" = it
    // waits for a person. It takes until all of `after` have ended, and `delay` from then on.
    std::string tool;
    Micros delay = 0;
    int32_t static_tokens = 0;  // as in Request
    int32_t known_tokens = 0;   // of the prompt, what its program tells when its tool starts
    GroupId group = 0;
    int32_t group_size = 0;
};

/** One agent run. Its calls without `after` are submitted `delay` after its arrival. */
struct Program {
    TenantId tenant = 0;
    Salt salt = 0;
    Class cls = Class::workflow;
    Micros arrival = 0;
    Micros ttft_limit = 0;  // 0 = none
    Micros abort = 0;       // when its user gives up on it; 0 = never
};

struct Workload {
    std::vector<Program> programs;
    std::vector<Call> calls;
    std::vector<std::vector<Token>> literals;
};

/** What is wrong with an input: a field ("calls[3].base") and a sentence. */
struct Fault {
    std::string field, why;
};

/** Nothing, or the first fault. */
std::optional<Fault> check(const Workload & workload);

}  // namespace banyan::sim
