#include "runner/grammars/reasoning-grammar.h"

#include <algorithm>

#include "chat.h"
#include "runner/grammars/reasoning-tags.h"

namespace banyan {

using Node = ParserTree::Node;
using Nodes = ParserTree::Nodes;

ReasoningGrammar::ReasoningGrammar(ParserTree & tree, const common_chat_params & params, bool thinking)
    : tree_(tree), stops_(params.additional_stops) {
    const ReasoningTags tags = reasoning_tags(params);
    start_ = tags.start;
    const size_t end = tags.end.empty() ? std::string::npos : params.generation_prompt.rfind(tags.end);
    if (end != std::string::npos) {
        const std::string behind = params.generation_prompt.substr(end + tags.end.size());
        if (trimmed(behind).empty()) blanks_ = behind;
    }
    reasons_ = thinking || tags.opened || params.generation_prompt.find(tags.start) != std::string::npos;
    if (!thinking && tags.start.empty()) reasons_ = tags.opened;
}

Node ReasoningGrammar::of(Node node) {
    if (!reasons_) return tree_.empty();
    return closed(node);
}

Node ReasoningGrammar::closed(Node node) {
    const std::string type = tree_.type(node);
    const Nodes children = tree_.children(node);
    if (tree_.tagged(node, "reasoning")) {
        // Nothing else may end it, not even a text that stops the request.
        std::vector<std::string> ends = tree_.delimiters(node);
        const std::string end = end_of(node);
        ends.push_back(end);
        ends.insert(ends.end(), stops_.begin(), stops_.end());
        return tree_.sequence({tree_.until(ends), tree_.literal(end)});
    }
    if (type == "ac") return closed(children.front());
    if (type == "repetition") return tree_.repeat(closed(children.front()), 0, 1);
    if (type != "choice" && type != "sequence") return tree_.with_children(node, {closed(children.front())});
    return closed_in(node, type == "choice");
}

Node ReasoningGrammar::closed_in(Node node, bool choice) {
    const Nodes children = tree_.children(node);
    Nodes out;
    for (size_t i = 0; i < children.size(); ++i) {
        const Node child = children[i];
        if (tree_.holds(child, ParserTree::kReasoning)) {
            // Without its opening tag no reasoning: it would be all there is.
            if (!choice && !out.empty() && tree_.optional_literal(out.back())) {
                out.back() = tree_.children(out.back()).front();
            }
            out.push_back(closed(child));
            if (!choice) i = behind(children, i);
        } else if (!tree_.holds(child, ParserTree::kContent) && !is_stray(tree_, child)) {
            out.push_back(child);
        }
    }
    if (choice) return tree_.choice(out);
    // Some prompts that close the reasoning have blanks behind it which the format does not know.
    if (!blanks_.empty() && !tree_.optional_literal(out.back()) && tree_.type(out.back()) != "space") {
        out.push_back(tree_.repeat(tree_.literal(blanks_), 0, 1));
    }
    return tree_.sequence(out);
}

std::string ReasoningGrammar::end_of(Node node) const {
    const std::vector<std::string> ends = tree_.delimiters(node);
    return ends.empty() ? "" : trimmed(ends.front());
}

bool ReasoningGrammar::left_out(Node node) const {
    const bool optional = tree_.type(node) == "repetition" && tree_.number(node, "min_count") == 0;
    if (reasons_ || start_.empty() || !optional) return false;
    return tree_.find(node, [&](Node at) {
        return tree_.type(at) == "literal" && trimmed(tree_.field(at, "literal")) == start_;
    }) >= 0;
}

size_t ReasoningGrammar::behind(const Nodes & parts, size_t at) const {
    if (!tree_.tagged(parts[at], "reasoning")) return at;
    const std::string end = end_of(parts[at]);
    size_t last = at;
    for (size_t i = at + 1; i < parts.size(); ++i) {
        if (tree_.holds(parts[i], ParserTree::kContent | ParserTree::kToolName)) break;
        const bool closes = tree_.find(parts[i], [&](Node part) {
            return tree_.type(part) == "literal" && trimmed(tree_.field(part, "literal")) == end;
        }) >= 0;
        const std::string type = tree_.type(parts[i]);
        if (!closes && type != "space" && type != "epsilon" && !tree_.optional_literal(parts[i])) break;
        if (!closes) continue;
        last = i;
        break;
    }
    return last;
}

bool is_stray(const ParserTree & tree, ParserTree::Node node) {
    if (tree.type(node) != "repetition" || tree.number(node, "min_count") > 0) return false;
    const ParserTree::Node words = tree.children(node).front();
    if (tree.type(words) != "sequence") return false;
    const ParserTree::Nodes & parts = tree.children(words);
    return parts.size() > 1 && std::all_of(parts.begin(), parts.end(), [&](ParserTree::Node part) {
               return tree.type(part) == "literal" || tree.optional_literal(part);
           });
}

}  // namespace banyan
