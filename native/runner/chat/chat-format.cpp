#include "runner/chat/chat-format.h"

#include <algorithm>
#include <set>

#include "chat.h"
#include "runner/answers/answer-parser.h"
#include "runner/answers/answer-syntax.h"
#include "runner/constraints/call-grammar.h"
#include "runner/constraints/compiled-grammar.h"
#include "runner/constraints/thinking-budget.h"
#include "runner/grammars/reasoning-tags.h"
#include "runner/model.h"

namespace banyan {

struct ChatFormat::Impl {
    std::shared_ptr<const AnswerSyntax> syntax;
    std::unique_ptr<CompiledGrammar> content;   // or null
    std::unique_ptr<CompiledGrammar> grammar;   // or null
    std::unique_ptr<CallGrammar> call_grammar;  // or null
    AnswerKind kind = AnswerKind::content;
    std::set<Token> preserved;
    std::vector<std::string> stops;
    bool thinking = true;
    ReasoningTags reasoning;
    std::vector<Token> reasoning_end;
    std::string gbnf, begun;  // of the grammar
    BlankStyle blanks;
};

ChatFormat::ChatFormat(const Model & model, const common_chat_params & params, AnswerKind kind, bool thinking,
                       const AnswerTexts & texts)
    : impl_(std::make_unique<Impl>()) {
    Impl & format = *impl_;
    format.syntax = std::make_shared<const AnswerSyntax>(model, params, kind);
    format.kind = kind;
    format.stops = params.additional_stops;
    if (has_tools()) format.blanks = texts.blanks;
    format.thinking = thinking;
    format.reasoning = reasoning_tags(params);
    format.reasoning_end = model.tokenize(format.reasoning.end, false, true);
    for (const std::string & word : params.preserved_tokens) {
        const std::vector<Token> tokens = model.tokenize(word, false, true);
        if (tokens.size() == 1) format.preserved.insert(tokens[0]);
    }
    if (params.grammar.empty()) return;
    if (params.grammar_lazy) {
        format.call_grammar = std::make_unique<CallGrammar>(model, params.grammar);
        return;
    }
    format.gbnf = params.grammar;
    format.begun = texts.begun.empty() ? params.generation_prompt : texts.begun;
    if (!texts.content.empty()) {
        format.content = std::make_unique<CompiledGrammar>(model, texts.content, format.begun);
    }
    format.grammar = std::make_unique<CompiledGrammar>(model, params.grammar, format.begun);
}

ChatFormat::~ChatFormat() = default;

bool ChatFormat::has_grammar() const {
    return impl_->grammar || impl_->call_grammar;
}
const CompiledGrammar * ChatFormat::grammar() const {
    return impl_->grammar.get();
}
const CallGrammar * ChatFormat::call_grammar() const {
    return impl_->call_grammar.get();
}
const std::shared_ptr<const AnswerSyntax> & ChatFormat::syntax() const {
    return impl_->syntax;
}
const std::vector<std::string> & ChatFormat::stops() const {
    return impl_->stops;
}
bool ChatFormat::has_tools() const {
    return impl_->kind != AnswerKind::content;
}
const CompiledGrammar * ChatFormat::content_grammar() const {
    return impl_->content.get();
}
const std::string & ChatFormat::gbnf() const {
    return impl_->gbnf;
}
const std::string & ChatFormat::begun() const {
    return impl_->begun;
}
const BlankStyle & ChatFormat::blanks() const {
    return impl_->blanks;
}
bool ChatFormat::preserved(Token token) const {
    return impl_->preserved.count(token) > 0;
}

std::unique_ptr<ThinkingBudget> ChatFormat::thinking_budget(int32_t limit, int32_t max_tokens) const {
    const Impl & format = *impl_;
    if (format.grammar && !format.thinking) limit = 0;
    const int32_t room = max_tokens - static_cast<int32_t>(format.reasoning_end.size());
    if (limit < 0 && format.grammar) limit = std::max(0, room / 2);
    // Without an opening tag only the prompt can say that an answer begins with reasoning.
    if (limit < 0 || (format.reasoning.start.empty() && !format.reasoning.opened && !format.grammar)) return nullptr;
    return std::make_unique<ThinkingBudget>(format.reasoning, format.reasoning_end, limit);
}

ChatMessage ChatFormat::parse(const std::string & text, bool partial) const {
    AnswerParser reader(impl_->syntax);
    ChatMessage message = reader.push(text);
    if (partial) return message;
    ChatMessage rest = reader.finish();
    message.content += rest.content;
    message.reasoning += rest.reasoning;
    for (ToolCall & call : rest.tool_calls) message.tool_calls.push_back(std::move(call));
    return message;
}

}  // namespace banyan
