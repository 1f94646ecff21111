// An answer taken apart.
#pragma once

#include <string>
#include <vector>

namespace banyan {

struct ToolCall {
    std::string id;  // as the model wrote it, '' = none
    std::string name;
    std::string arguments;  // JSON text as the model wrote it
};

struct ChatMessage {
    std::string content, reasoning;
    std::vector<ToolCall> tool_calls;
};

}  // namespace banyan
