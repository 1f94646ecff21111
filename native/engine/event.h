// What a request tells its owner, in order: tokens*, tool calls among them (or a vector of each of its texts), then
// exactly one finish or error.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "core/policy/decision.h"
#include "engine/usage.h"
#include "runner/decoder.h"

namespace banyan {

struct TokensEvent {
    std::vector<Token> tokens;
    std::string text, reasoning;
    std::vector<TokenLogprob> logprobs;  // as many as tokens, or none
};

struct ToolCallEvent {
    int32_t index;
    ToolCall call;
};

/** The vector of a text; texts of a request come in any order. */
struct EmbeddingEvent {
    int32_t index;
    std::vector<float> vector;
};

struct FinishEvent {
    FinishReason reason;
    Usage usage;
    ChatMessage message;

    /** All but the message. */
    template <typename See>
    void each_field(See && see) const {
        see("reason", reason);
        see("usage", usage);
    }
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
    std::variant<TokensEvent, ToolCallEvent, FinishEvent, ErrorEvent, DecisionEvent, EmbeddingEvent> what;

    /** No event of the request follows. */
    bool last() const { return std::holds_alternative<FinishEvent>(what) || std::holds_alternative<ErrorEvent>(what); }
};

}  // namespace banyan
