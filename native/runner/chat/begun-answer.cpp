#include "runner/chat/begun-answer.h"

#include <algorithm>
#include <exception>

#include "chat.h"
#include "runner/error.h"

namespace banyan {

void go_on_with_last(common_chat_templates_inputs & inputs) {
    const common_chat_msg & begun = inputs.messages.back();
    if (begun.role != "assistant" || begun.content.empty() || !begun.tool_calls.empty()) {
        throw Error("INVALID_MESSAGES", "the last message must be what the assistant has said so far", "messages");
    }
    inputs.continue_final_message = COMMON_CHAT_CONTINUATION_CONTENT;
}

std::vector<TextSpan> with_begun(std::vector<TextSpan> spans, const std::string & prompt,
                                 const common_chat_msg & begun) {
    const size_t content = prompt.size() - std::min(prompt.size(), begun.content.size());
    while (!spans.empty() && spans.back().end > content) {
        spans.back().end = content;
        if (spans.back().begin < content) break;
        spans.pop_back();
    }
    const size_t reasoning =
        begun.reasoning_content.empty() ? std::string::npos : prompt.rfind(begun.reasoning_content, content);
    if (reasoning != std::string::npos && (spans.empty() || spans.back().end <= reasoning)) {
        spans.push_back({reasoning, std::min(content, reasoning + begun.reasoning_content.size())});
    }
    spans.push_back({content, prompt.size()});
    return spans;
}

std::shared_ptr<const ChatFormat> begun_format(const std::function<std::shared_ptr<const ChatFormat>()> & make) {
    try {
        return make();
    } catch (const std::exception & e) {
        throw Error("INVALID_MESSAGES", std::string("the answer cannot begin with the last message: ") + e.what(),
                    "messages");
    }
}

}  // namespace banyan
