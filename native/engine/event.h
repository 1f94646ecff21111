// What a request tells its owner, in order: tokens*, tool calls among them, then exactly one finish or error.
#pragma once

#include <array>
#include <string>
#include <variant>
#include <vector>

#include "core/policy/decision.h"
#include "core/scheduler/scheduler.h"
#include "runner/decoder.h"

namespace banyan {

struct Usage {
    int32_t prompt_tokens = 0, cached_tokens = 0, computed_tokens = 0, output_tokens = 0, preemptions = 0;
    double queue_ms = 0;  // submitted until its first step
    double ttft_ms = 0;   // submitted until its first token, 0 = none came
    double itl_ms = 0;    // mean time between tokens, 0 with fewer than two
    double total_ms = 0;
    MissExplanation miss;
    double waited_ms = 0;                // without a slot, waits after preemptions included
    int32_t bypassed = 0;                // smaller requests that passed it while it found no room
    std::array<int32_t, kTiers> hits{};  // cached_tokens by tier
    std::string retained;                // how long its program's pages are kept and why; '' = it has none
};

struct TokensEvent {
    std::vector<Token> tokens;
    std::string text, reasoning;
    std::vector<TokenLogprob> logprobs;  // as many as tokens, or none
};

struct ToolCallEvent {
    int32_t index;
    ToolCall call;
};

struct FinishEvent {
    FinishReason reason;
    Usage usage;
    ChatMessage message;
};

struct ErrorEvent {
    std::string code, message;
    double retry_after_ms = 0;  // of BACKPRESSURE
};

/** What the scheduler decided, and its sentence; of no request. Only while decisions are wanted. */
struct DecisionEvent {
    Decision decision;
    std::string text;
};

struct Event {
    RequestId request;  // 0 with a DecisionEvent
    std::variant<TokensEvent, ToolCallEvent, FinishEvent, ErrorEvent, DecisionEvent> what;

    /** No event of the request follows. */
    bool last() const { return std::holds_alternative<FinishEvent>(what) || std::holds_alternative<ErrorEvent>(what); }
};

}  // namespace banyan
