#include "runner/chat-format.h"

#include <set>

#include "chat.h"
#include "runner/backend.h"
#include "runner/compiled-grammar.h"
#include "runner/grammar.h"
#include "runner/model.h"

namespace banyan {

namespace {

/** The parser recurses once for each bracket that is open; what lies in strings counts too, strings being its business.
 */
bool too_deep(const std::string & text) {
    int depth = 0;
    for (const char c : text) {
        if (c == '[' || c == '{') {
            if (++depth > kMaxNesting) return true;
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return false;
}

}  // namespace

struct ChatFormat::Impl {
    common_chat_parser_params parser;
    std::unique_ptr<CompiledGrammar> grammar;  // or null
    bool grammar_lazy = false;
    bool has_tools = false;
    std::set<Token> preserved;
    std::string generation_prompt;
    std::vector<Token> thinking_start;
    std::vector<std::vector<Token>> thinking_ends;
};

ChatFormat::ChatFormat(const Model & model, const common_chat_params & params, bool has_tools)
    : impl_(std::make_unique<Impl>()) {
    Impl & format = *impl_;
    format.parser = common_chat_parser_params(params);
    format.parser.reasoning_format = COMMON_REASONING_FORMAT_AUTO;
    format.parser.parse_tool_calls = has_tools;
    if (!params.parser.empty()) format.parser.parser.load(params.parser);
    format.grammar_lazy = params.grammar_lazy;
    format.has_tools = has_tools;
    format.generation_prompt = params.generation_prompt;

    const auto single = [&](const std::string & word) {
        const std::vector<Token> tokens = model.tokenize(word, false, true);
        return tokens.size() == 1 ? tokens[0] : -1;
    };
    for (const std::string & word : params.preserved_tokens) {
        const Token token = single(word);
        if (token >= 0) format.preserved.insert(token);
    }
    std::vector<common_grammar_trigger> triggers;
    for (common_grammar_trigger trigger : params.grammar_triggers) {
        // A word that is one token triggers by its id, which costs no text search a token.
        const Token token = trigger.type == COMMON_GRAMMAR_TRIGGER_TYPE_WORD ? single(trigger.value) : -1;
        if (token >= 0 && format.preserved.count(token)) {
            trigger.type = COMMON_GRAMMAR_TRIGGER_TYPE_TOKEN;
            trigger.token = token;
        }
        triggers.push_back(trigger);
    }
    if (!params.thinking_start_tag.empty() && !params.thinking_end_tags.empty()) {
        format.thinking_start = model.tokenize(params.thinking_start_tag, false, true);
        for (const std::string & tag : params.thinking_end_tags) {
            format.thinking_ends.push_back(model.tokenize(tag, false, true));
        }
    }
    if (!params.grammar.empty()) {
        common_params_sampling constrained;
        constrain(constrained);
        constrained.grammar = {has_tools ? COMMON_GRAMMAR_TYPE_TOOL_CALLS : COMMON_GRAMMAR_TYPE_OUTPUT_FORMAT,
                               params.grammar};
        constrained.grammar_triggers = triggers;
        format.grammar = std::make_unique<CompiledGrammar>(model, std::move(constrained));
    }
}

ChatFormat::~ChatFormat() = default;

bool ChatFormat::has_grammar() const {
    return impl_->grammar != nullptr;
}
const CompiledGrammar * ChatFormat::grammar() const {
    return impl_->grammar.get();
}
bool ChatFormat::has_tools() const {
    return impl_->has_tools;
}
bool ChatFormat::preserved(Token token) const {
    return impl_->preserved.count(token) > 0;
}

void ChatFormat::constrain(common_params_sampling & params) const {
    params.grammar_lazy = impl_->grammar_lazy;
    params.preserved_tokens = impl_->preserved;
    params.generation_prompt = impl_->generation_prompt;
    if (!impl_->thinking_start.empty() && !impl_->thinking_ends.empty()) {
        // No budget is set; the bounds keep a lazy grammar from triggering inside the reasoning.
        params.reasoning_budget_start = impl_->thinking_start;
        params.reasoning_budget_end = impl_->thinking_ends;
        params.reasoning_budget_forced = impl_->thinking_ends.front();
    }
}

ChatMessage ChatFormat::parse(const std::string & text, bool partial) const {
    ChatMessage out;
    if (too_deep(text)) {
        out.content = text;
        return out;
    }
    backend::AssertGuard guard;
    common_chat_msg message;
    try {
        message = common_chat_parse(text, partial, impl_->parser);
    } catch (const std::exception &) {
        if (!partial) return parse(text, true);
        out.content = text;
        return out;
    }
    out.content = std::move(message.content);
    out.reasoning = std::move(message.reasoning_content);
    for (common_chat_tool_call & call : message.tool_calls) {
        out.tool_calls.push_back({std::move(call.id), std::move(call.name), std::move(call.arguments)});
    }
    return out;
}

}  // namespace banyan
