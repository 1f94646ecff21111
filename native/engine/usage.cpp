#include "engine/usage.h"

namespace banyan {

namespace {

double milliseconds(Micros from, Micros to) {
    return static_cast<double>(to - from) / 1000;
}

}  // namespace

Usage usage_of(const RequestUsage & usage, Micros ended) {
    Usage out;
    out.prompt_tokens = usage.prompt_tokens;
    out.cached_tokens = usage.cached_tokens;
    out.computed_tokens = usage.computed_tokens;
    out.output_tokens = usage.output_tokens;
    out.preemptions = usage.preemptions;
    out.queue_ms = milliseconds(usage.submitted, usage.admitted ? usage.admitted : ended);
    if (usage.first_token) out.ttft_ms = milliseconds(usage.submitted, usage.first_token);
    if (usage.output_tokens > 1) {
        out.itl_ms = milliseconds(usage.first_token, usage.last_token) / (usage.output_tokens - 1);
    }
    out.total_ms = milliseconds(usage.submitted, ended);
    out.miss = usage.miss;
    out.waited_ms = static_cast<double>(usage.waited) / 1000;
    out.bypassed = usage.bypassed;
    out.hits = usage.hits;
    return out;
}

}  // namespace banyan
