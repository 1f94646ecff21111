// What a request tells its owner, in order: tokens*, tool calls among them, then exactly one finish or error.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "core/scheduler.h"
#include "runner/decoder.h"

namespace banyan {

struct Usage {
    int32_t prompt_tokens = 0, cached_tokens = 0, computed_tokens = 0, output_tokens = 0, preemptions = 0;
    double queue_ms = 0;  // submitted until its first step
    double ttft_ms = 0;   // submitted until its first token, 0 = none came
    double itl_ms = 0;    // mean time between tokens, 0 with fewer than two
    double total_ms = 0;
    MissExplanation miss;
};

struct TokensEvent {
    std::vector<Token> tokens;
    std::string text;
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
};

struct Event {
    RequestId request;
    std::variant<TokensEvent, ToolCallEvent, FinishEvent, ErrorEvent> what;

    /** No event of the request follows. */
    bool last() const { return std::holds_alternative<FinishEvent>(what) || std::holds_alternative<ErrorEvent>(what); }
};

}  // namespace banyan
