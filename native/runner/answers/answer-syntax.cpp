#include "runner/answers/answer-syntax.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "chat-peg-parser.h"
#include "chat.h"
#include "llama.h"
#include "runner/answers/peg-walk.h"
#include "runner/backend.h"
#include "runner/grammars/grammar.h"
#include "runner/grammars/reasoning-tags.h"
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

bool is_space(char c) {
    return std::isspace(static_cast<unsigned char>(c)) != 0;
}

bool all_space(const std::string & text, size_t from) {
    return std::all_of(text.begin() + static_cast<ptrdiff_t>(from), text.end(), is_space);
}

bool begins_with(const std::string & text, const std::string & prefix) {
    return text.compare(0, prefix.size(), prefix) == 0;
}

/** Of such a part the beginning is no beginning of what the whole becomes: it is closed with quotes and brackets. */
bool ends_early(const std::string & tag) {
    using Builder = common_chat_peg_builder;
    return tag == Builder::TOOL_ARG_NAME || tag == Builder::TOOL_ARG_CLOSE || tag == Builder::TOOL_CLOSE;
}

std::unique_ptr<common_chat_peg_mapper> mapper_for(common_chat_format format, common_chat_msg & message) {
    if (format == COMMON_CHAT_FORMAT_PEG_GEMMA4) return std::make_unique<common_chat_peg_gemma4_mapper>(message);
    if (format == COMMON_CHAT_FORMAT_PEG_MINIMAX_M3) {
        return std::make_unique<common_chat_peg_minimax_m3_mapper>(message);
    }
    return std::make_unique<common_chat_peg_mapper>(message);
}

}  // namespace

struct AnswerSyntax::Impl {
    common_peg_arena parser;
    common_chat_format format;
    std::string prompt;  // what the generation prompt has said already, a part of what the parser reads
    PegFacts facts;
    std::vector<std::string> literals;  // the longest first
    std::set<std::string> call_markers, special;
    AnswerKind kind = AnswerKind::content;
    bool optional_calls = false;
    bool plain_mapper = true;  // arguments that are JSON are taken as they are
};

AnswerSyntax::AnswerSyntax(const Model & model, const common_chat_params & params, AnswerKind kind)
    : impl_(std::make_unique<Impl>()) {
    Impl & syntax = *impl_;
    syntax.format = params.format;
    syntax.kind = kind;
    syntax.plain_mapper =
        params.format != COMMON_CHAT_FORMAT_PEG_GEMMA4 && params.format != COMMON_CHAT_FORMAT_PEG_MINIMAX_M3;
    syntax.prompt = prompt_to_read(params);
    if (params.parser.empty()) {
        syntax.prompt.clear();
        syntax.parser = build_chat_peg_parser([](auto & p) { return p.content(p.rest()) + p.end(); });
    } else {
        syntax.parser.load(params.parser);
    }
    syntax.facts = facts_of(syntax.parser);
    syntax.literals.assign(syntax.facts.literals.begin(), syntax.facts.literals.end());
    std::stable_sort(syntax.literals.begin(), syntax.literals.end(),
                     [](const std::string & a, const std::string & b) { return a.size() > b.size(); });
    syntax.optional_calls = kind == AnswerKind::text_and_calls || kind == AnswerKind::calls_or_content;

    std::set<std::string> starts = syntax.facts.call_starts;
    for (const common_grammar_trigger & trigger : params.grammar_triggers) {
        if (trigger.type == COMMON_GRAMMAR_TRIGGER_TYPE_WORD) starts.insert(trigger.value);
    }
    for (const std::string & end : syntax.facts.ends) {
        const bool starts_calls = std::any_of(starts.begin(), starts.end(), [&](const std::string & start) {
            return begins_with(start, end) || begins_with(end, start);
        });
        if (kind != AnswerKind::content && starts_calls) syntax.call_markers.insert(end);
        const std::vector<Token> tokens = model.tokenize(end, false, true);
        constexpr int kSpecial = LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_USER_DEFINED;
        if (tokens.size() == 1 && (llama_vocab_get_attr(model.vocab(), tokens[0]) & kSpecial))
            syntax.special.insert(end);
    }
}

AnswerSyntax::~AnswerSyntax() = default;

Reading AnswerSyntax::read(const std::string & text) const {
    Reading out;
    if (too_deep(text)) return out;
    backend::AssertGuard guard;
    try {
        common_peg_parse_context context(impl_->prompt + text, COMMON_PEG_PARSE_FLAG_LENIENT);
        const common_peg_parse_result result = impl_->parser.parse(context);
        if (result.fail() || (result.success() && !all_space(context.input, result.end))) return out;
        const size_t before = impl_->prompt.size();
        const auto inside = [&](size_t at) { return std::max(at, before) - before; };
        bool has_calls = false;
        context.ast.visit(result, [&](const common_peg_ast_node & node) {
            const bool reasoning = node.tag == common_chat_peg_builder::REASONING;
            if (reasoning || node.tag == common_chat_peg_builder::CONTENT) {
                if (node.end < before) return;
                const bool open = node.is_partial || held(text, inside(node.end)) == text.size() - inside(node.end);
                out.stretches.push_back({reasoning, inside(node.start), inside(node.end), open});
            } else if (begins_with(node.tag, common_chat_peg_builder::TOOL)) {
                has_calls = true;
                out.unsure = out.unsure || (node.is_partial && ends_early(node.tag));
                if (node.tag == common_chat_peg_builder::TOOL_OPEN) out.args_begin = Reading::kNowhere;
                const bool as_json = impl_->plain_mapper && !node.text.empty() && node.text.front() == '{';
                if (node.tag == common_chat_peg_builder::TOOL_ARGS && as_json && node.start >= before) {
                    out.args_begin = inside(node.start);
                }
            } else if (out.calls_begin == Reading::kNowhere && node.end > node.start && node.start >= before &&
                       impl_->facts.call_rules.count(node.rule)) {
                out.calls_begin = inside(node.start);
            }
        });
        if (has_calls) {
            common_chat_msg message;
            mapper_for(impl_->format, message)->from_ast(context.ast, result);
            for (common_chat_tool_call & call : message.tool_calls) {
                out.calls.push_back({std::move(call.id), std::move(call.name), std::move(call.arguments)});
            }
        }
        out.fits = true;
        out.complete = result.success();
        out.late_id = impl_->facts.late_id;
    } catch (const std::exception &) {
        return {};
    }
    return out;
}

bool AnswerSyntax::plain() const {
    return impl_->facts.plain;
}

Marker AnswerSyntax::next_marker(const std::string & text, size_t from) const {
    Marker first;
    for (const std::string & end : impl_->facts.ends) {
        const size_t at = text.find(end, from);
        if (at == std::string::npos) continue;
        if (at < first.at || (at == first.at && end.size() > first.text->size())) first = {at, &end};
    }
    return first;
}

std::string AnswerSyntax::marker_at(const std::string & text, size_t at) const {
    std::string longest;
    for (const std::string & end : impl_->facts.ends) {
        if (end.size() > longest.size() && text.compare(at, end.size(), end) == 0) longest = end;
    }
    return longest;
}

size_t AnswerSyntax::held(const std::string & text, size_t from) const {
    size_t longest = 0;
    for (const std::string & end : impl_->facts.ends) {
        for (size_t n = std::min(end.size() - 1, text.size() - from); n > longest; --n) {
            if (text.compare(text.size() - n, n, end, 0, n) == 0) longest = n;
        }
    }
    return longest;
}

AnswerKind AnswerSyntax::kind() const {
    return impl_->kind;
}

bool AnswerSyntax::may_call(const std::string & marker) const {
    return impl_->optional_calls && impl_->call_markers.count(marker);
}

bool AnswerSyntax::is_special(const std::string & marker) const {
    return impl_->special.count(marker) > 0;
}

size_t AnswerSyntax::closer(const std::string & text, size_t from) const {
    size_t longest = 0;
    for (const std::string & end : impl_->facts.closers) {
        if (text.compare(from, end.size(), end) == 0) longest = std::max(longest, end.size());
    }
    if (longest == 0) return 0;
    while (from + longest < text.size() && is_space(text[from + longest])) ++longest;
    return longest;
}

size_t AnswerSyntax::markers(const std::string & text) const {
    size_t at = 0;
    while (at < text.size()) {
        // A marker may begin with a blank.
        const auto fits = [&](const std::string & one) { return text.compare(at, one.size(), one) == 0; };
        const auto literal = std::find_if(impl_->literals.begin(), impl_->literals.end(), fits);
        if (literal == impl_->literals.end() && !is_space(text[at])) break;
        at += literal == impl_->literals.end() ? 1 : literal->size();
    }
    return at;
}

bool AnswerSyntax::only_markers(const std::string & text) const {
    return markers(text) == text.size();
}

bool AnswerSyntax::only_ends_call(const std::string & text) const {
    if (text.find_first_of("{[(,") != std::string::npos) return false;
    const std::string cut = text.substr(markers(text));
    const auto begins_with_cut = [&](const std::string & literal) { return begins_with(literal, cut); };
    const auto any = [&](const auto & set) { return std::any_of(set.begin(), set.end(), begins_with_cut); };
    const auto within = [&](const std::string & start) { return text.find(start) != std::string::npos; };
    const auto & starts = impl_->facts.call_starts;
    if (std::any_of(starts.begin(), starts.end(), within)) return false;
    return cut.empty() || (any(impl_->literals) && !any(starts));
}

bool AnswerSyntax::names_tool(const std::string & call) const {
    return std::any_of(impl_->facts.tools.begin(), impl_->facts.tools.end(), [&](const std::string & name) {
        const size_t at = call.find(name);
        return at != std::string::npos && at + name.size() < call.size();
    });
}

}  // namespace banyan
