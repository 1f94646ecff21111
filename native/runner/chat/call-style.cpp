#include "runner/chat/call-style.h"

#include <exception>
#include <string>

#include "chat.h"
#include "runner/grammars/grammar.h"

namespace banyan {

namespace {

constexpr size_t kMostBytes = 8192;  // each bracket is looked behind

const char * const kAsked = "ask7word";
const char * const kMark = "7value";  // in the arguments of each call

constexpr const char * kTurn = R"([
    {"role": "user", "content": "ask7word"},
    {"role": "assistant", "content": "", "tool_calls": [
        {"id": "call00000", "type": "function", "function": {"name": "look", "arguments":
            "{\"at\": \"first7value\", \"with\": {\"all\": [1, 2], \"more\": true}, \"times\": 7}"}},
        {"id": "call00001", "type": "function", "function": {"name": "look", "arguments":
            "{\"at\": \"second7value\", \"with\": {\"all\": [3, 4], \"more\": false}, \"times\": 8}"}}]},
    {"role": "tool", "tool_call_id": "call00000", "name": "look", "content": "1"},
    {"role": "tool", "tool_call_id": "call00001", "name": "look", "content": "2"}])";
constexpr const char * kParameters = R"({"type": "object", "properties": {"at": {"type": "string"},
    "with": {"type": "object", "properties": {"all": {"type": "array", "items": {"type": "integer"}},
        "more": {"type": "boolean"}}}, "times": {"type": "integer"}}})";

/** What the template prints behind the question; '' when it fails. */
std::string rendered(const common_chat_templates * templates, size_t n_calls) {
    common_chat_templates_inputs inputs;
    inputs.messages = common_chat_msgs_parse_oaicompat(common_json::parse_no_throw(kTurn));
    inputs.messages[1].tool_calls.resize(n_calls);
    inputs.messages.resize(2 + n_calls);
    inputs.tools.push_back({"look", "", kParameters});
    try {
        const std::string prompt = common_chat_templates_apply(templates, inputs).prompt;
        const size_t asked = prompt.rfind(kAsked);
        return asked == std::string::npos ? "" : prompt.substr(asked);
    } catch (const std::exception &) {
        return "";  // some refuse several calls, some any
    }
}

/** Behind the bracket that closes the one at `from`; 0: none does. */
size_t closed(const std::string & text, size_t from) {
    size_t open = 0;
    bool quoted = false;
    for (size_t at = from; at < text.size(); ++at) {
        const char c = text[at];
        if (quoted && c == '\\') {
            ++at;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && (c == '{' || c == '[')) {
            ++open;
        } else if (!quoted && (c == '}' || c == ']') && --open == 0) {
            return at + 1;
        }
    }
    return 0;
}

/** The JSON values of a text that hold `word`, one after another; '' also for one too long to look through. */
std::string json_with(const std::string & text, const std::string & word) {
    std::string found;
    if (text.size() > kMostBytes) return found;
    for (size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '{' && text[at] != '[') continue;
        const size_t end = closed(text, at);
        if (end == 0) continue;
        const std::string value = text.substr(at, end - at);
        if (value.find(word) == std::string::npos || nesting_depth(value) > kMaxNesting) continue;
        if (common_json::parse_no_throw(value).is_discarded()) continue;
        found += value;
        at = end - 1;
    }
    return found;
}

}  // namespace

BlankStyle call_style(const common_chat_templates * templates) {
    BlankStyle style;
    for (const size_t n_calls : {size_t{2}, size_t{1}}) {
        const std::string calls = json_with(rendered(templates, n_calls), kMark);
        if (calls.empty()) continue;
        style.learn(calls);
        break;
    }
    return style;
}

BlankStyle own_call_style() {
    BlankStyle style;
    style.learn(R"({"name": "look", "arguments": {"at": "x", "with": {"all": [1, 2]}}})");
    return style;
}

}  // namespace banyan
