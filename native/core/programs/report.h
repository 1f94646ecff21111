// What became of one request and of one program, and what it cost.
#pragma once

#include <cstdint>
#include <string>

#include "core/drafts/draft.h"
#include "core/memory/explain.h"
#include "core/memory/tier.h"
#include "core/record.h"

namespace banyan {

/** What one request cost so far. Times are points of the passed-in clock; 0 = not yet. */
struct RequestUsage {
    int32_t prompt_tokens = 0;
    int32_t cached_tokens = 0;    // of the prompt, taken from the prefix cache at first admission
    int32_t written_tokens = 0;   // of the prompt, computed by it and put into the prefix cache
    int32_t computed_tokens = 0;  // run through the model for it: prefill, output, recompute after preemption
    int32_t output_tokens = 0;
    int32_t drafted_tokens = 0;           // checked by the model as what it may say next
    int32_t accepted_tokens = 0;          // of the output: were drafts that it said
    PerDraftKind<int32_t> accepted_by{};  // accepted_tokens, by who drafted them
    int32_t forced_tokens = 0;            // of the output: its grammar left no choice, and none was sampled
    int32_t preemptions = 0;
    int32_t bypassed = 0;     // smaller requests that passed it while it found no room
    PerTier<int32_t> hits{};  // cached_tokens, by where they came from
    Micros waited = 0;        // without a slot, all in all
    Micros submitted = 0, admitted = 0, first_token = 0, last_token = 0;
    MissExplanation miss;

    /** Times of the clock are no fields: engine/usage.h makes durations of them. */
    template <typename See>
    void each_field(See && see) const {
        see("promptTokens", prompt_tokens);
        see("cachedTokens", cached_tokens);
        see("cacheWriteTokens", written_tokens);
        see("computedTokens", computed_tokens);
        see("outputTokens", output_tokens);
        see("draftedTokens", drafted_tokens);
        see("acceptedTokens", accepted_tokens);
        see("acceptedBy", accepted_by);
        see("forcedTokens", forced_tokens);
        see("preemptions", preemptions);
        see("bypassed", bypassed);
        see("hits", hits);
        see("waitedMs", Millis{waited});
        see("miss", miss);
    }
};

/** What a program does now. */
enum class Phase : uint8_t { reasoning, acting, human, finished };
template <>
struct Words<Phase> {
    static constexpr auto list = words("reasoning", "acting", "human", "finished");
};

enum class RetainReason : uint8_t {
    none,
    free_memory,   // below the low watermark keeping costs nothing
    unknown_tool,  // too few measured durations: the default
    measured,      // the time that pays best over the tool's measured durations
    expected,      // the hint said how long
    worthless      // keeping costs more than computing again, for every time
};
template <>
struct Words<RetainReason> {
    static constexpr auto list = words("none", "free-memory", "unknown-tool", "measured", "expected", "worthless");
};

/** How long the pages of a waiting program are kept before others', and why. */
struct Retention {
    Micros ttl = 0;
    RetainReason reason = RetainReason::none;
    std::string tool;
    int32_t samples = 0, back_by_then = 0;  // durations known, and those within ttl
    Micros restore = 0;                     // what computing the pages again would take
    int32_t pressure = 0;                   // thousandths of a second of others' waiting that a second of keeping costs
};

/** "kept 9.4 s because 95 of 100 calls of bash were back by then". */
std::string describe(const Retention & retention);

struct ProgramReport {
    ProgramId program = 0;
    TenantId tenant = 0;
    Phase phase = Phase::reasoning;
    bool active = false, paused = false;
    int32_t calls = 0, live = 0;  // calls that ended; that wait or run
    int64_t service = 0;          // tokens run through the model along its longest completed path of calls
    int64_t computed_tokens = 0;  // along all paths
    int64_t prompt_tokens = 0, cached_tokens = 0, output_tokens = 0;
    int64_t lost_tokens = 0;  // had been computed before by it, and were not there when it came back
    int32_t preemptions = 0, pauses = 0;
    Micros arrived = 0, waited = 0, acting = 0;  // acting: waited for tools and humans
    Retention retention;                         // the last decision

    template <typename See>
    void each_field(See && see) const {
        see("phase", phase);
        see("active", active);
        see("paused", paused);
        see("calls", calls);
        see("live", live);
        see("service", service);
        see("computedTokens", computed_tokens);
        see("promptTokens", prompt_tokens);
        see("cachedTokens", cached_tokens);
        see("outputTokens", output_tokens);
        see("lostTokens", lost_tokens);
        see("preemptions", preemptions);
        see("pauses", pauses);
        see("waitedMs", Millis{waited});
        see("actingMs", Millis{acting});
        see("retention", describe(retention));
    }
};

}  // namespace banyan
