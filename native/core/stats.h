// Counters and gauges that the scheduler keeps; read at any step, never reset.
#pragma once

#include <cstdint>

namespace banyan {

struct SchedulerStats {
    // gauges
    int32_t pages_total = 0, pages_free = 0, pages_used = 0;  // used = referenced by a sequence or the tree
    int32_t pages_cached = 0;                                 // of those, referenced by the tree
    int32_t pages_pinned = 0;
    int32_t waiting = 0, running = 0;
    int32_t tree_nodes = 0;
    // counters
    uint64_t steps = 0;
    uint64_t submitted = 0, finished = 0, cancelled = 0;
    uint64_t prompt_tokens = 0, cached_tokens = 0, prefill_tokens = 0, decode_tokens = 0;
    uint64_t recomputed_tokens = 0;  // prefilled again after preemption
    uint64_t preemptions = 0, pages_evicted = 0, pages_copied = 0;
    uint64_t dedupe_waits = 0;  // requests that waited for an equal prefix already in flight
};

}  // namespace banyan
