// An answer taken apart.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/words.h"

namespace banyan {

struct ToolCall {
    std::string id;  // as the model wrote it, '' = none
    std::string name;
    std::string arguments;  // JSON text as the model wrote it
};

/** Of a call under way: it begins, its arguments grow, or it was none and what was told of it counts no more. */
enum class CallStage : uint8_t { start, args, cut };
template <>
struct Words<CallStage> {
    static constexpr auto list = words("call-start", "call-args", "call-cut");
};

/** What is told of a call before it is whole. Its `args` joined are the beginning of its arguments, and in the end all.
 */
struct CallPiece {
    CallStage stage;
    int32_t index;          // the one that the call has once it is whole
    std::string id, name;   // of `start`
    std::string arguments;  // of `args`
};

struct ChatMessage {
    std::string content, reasoning;
    std::vector<ToolCall> tool_calls;
};

/** What became certain of an answer. `pieces` of a call come before it. */
struct AnswerPart : ChatMessage {
    std::vector<CallPiece> pieces;
};

}  // namespace banyan
