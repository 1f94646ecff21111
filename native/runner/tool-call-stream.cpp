#include "runner/tool-call-stream.h"

#include "json.h"
#include "runner/grammar.h"

namespace banyan {

namespace {

// The parser gives an open call's arguments as far as they go, so a complete object means that the call is closed.
bool complete(const ToolCall & call) {
    if (call.name.empty() || call.arguments.empty() || call.arguments.back() != '}') return false;
    if (nesting_depth(call.arguments) > kMaxNesting) return false;
    return common_json::parse_no_throw(call.arguments).is_object();
}

}  // namespace

ToolCallStream::ToolCallStream(std::shared_ptr<const ChatFormat> format) {
    if (format && format->has_tools()) format_ = std::move(format);
}

std::vector<ToolCall> ToolCallStream::push(const std::string & text, const std::string & added) {
    std::vector<ToolCall> closed;
    if (!format_ || added.find_first_of("}>])") == std::string::npos) return closed;
    std::vector<ToolCall> calls = format_->parse(text, true).tool_calls;
    while (reported_ < calls.size() && complete(calls[reported_])) closed.push_back(std::move(calls[reported_++]));
    return closed;
}

}  // namespace banyan
