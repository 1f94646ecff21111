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

/** Of the prompt, in order: its second token and those that follow it. */
struct PromptLogprobsEvent {
    std::vector<TokenLogprob> logprobs;
};

/** The vector of a text; texts of a request come in any order. */
struct EmbeddingEvent {
    int32_t index;
    std::vector<float> vector;
};

/** Where a request is before its first token: taken, admitted, its prompt computed so far. */
enum class Stage : uint8_t { accepted, admitted, prefill };
template <>
struct Words<Stage> {
    static constexpr auto list = words("accepted", "admitted", "prefill");
};

struct StageEvent {
    Stage stage;
    int32_t tokens = 0;  // admitted: of the prompt, cached; prefill: of the prompt, there
    int32_t prompt_tokens = 0;
};

/** Of a call that is not whole yet. */
struct CallPieceEvent {
    CallPiece piece;
};

struct FinishEvent {
    FinishReason reason;
    Usage usage;
    std::string stop_text = {};  // that ended it; '' = none
    bool shortened = false;      // its limit of tokens made it end: its last value may be cut short
    ChatMessage message = {};

    /** All but the message. */
    template <typename See>
    void each_field(See && see) const {
        see("reason", reason);
        see("usage", usage);
        see("stopText", stop_text);
        see("shortened", shortened);
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
    std::variant<TokensEvent, ToolCallEvent, FinishEvent, ErrorEvent, DecisionEvent, EmbeddingEvent, CallPieceEvent,
                 StageEvent, PromptLogprobsEvent>
        what;

    /** No event of the request follows. */
    bool last() const { return std::holds_alternative<FinishEvent>(what) || std::holds_alternative<ErrorEvent>(what); }
};

}  // namespace banyan
