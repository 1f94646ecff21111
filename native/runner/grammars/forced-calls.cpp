#include "runner/grammars/forced-calls.h"

#include <algorithm>

#include "runner/grammars/argument-grammar.h"

namespace banyan {

using Node = ParserTree::Node;
using Nodes = ParserTree::Nodes;

ForcedCalls::ForcedCalls(ParserTree & tree, ReasoningGrammar & reasoning, const common_grammar_builder & rules,
                         const ToolSchemas & schemas, bool parallel)
    : tree_(tree), reasoning_(reasoning), rules_(rules), schemas_(schemas), parallel_(parallel) {}

Node ForcedCalls::root() {
    return tree_.holds(tree_.root(), ParserTree::kToolName) ? calls(tree_.root(), true) : -1;
}

/** Nothing passes without a call. */
bool ForcedCalls::must_call(Node node) const {
    if (!tree_.holds(node, ParserTree::kToolName)) return false;
    if (tree_.tagged(node, "tool-name")) return true;
    const Nodes & children = tree_.children(node);
    const auto must = [&](Node child) { return must_call(child); };
    if (tree_.type(node) == "choice") return std::all_of(children.begin(), children.end(), must);
    if (tree_.type(node) == "repetition" && tree_.number(node, "min_count") == 0) return false;
    return std::any_of(children.begin(), children.end(), must);
}

std::set<std::string> ForcedCalls::tools_of(Node node) const {
    std::set<std::string> names;
    tree_.find(node, [&](Node at) {
        if (tree_.tagged(at, "tool-name")) {
            const Node name = tree_.find(at, [&](Node text) { return tree_.type(text) == "literal"; });
            if (name >= 0) names.insert(tree_.field(name, "literal"));
        }
        return false;
    });
    return names;
}

/** A node that holds a tool's name. `must`: some call is to be made here. */
Node ForcedCalls::calls(Node node, bool must) {
    const std::string type = tree_.type(node);
    const Nodes children = tree_.children(node);
    if (tree_.tagged(node, "tool-name")) return node;
    if (tree_.tagged(node, "tool-id")) return short_word(node);
    if (type == "choice") return choice_of_calls(children, must);
    if (type == "sequence") return row_of_calls(children, must);
    if (type == "repetition") {
        const int least = std::max(must ? 1 : 0, tree_.number(node, "min_count"));
        if (!parallel_ && least == 0) return tree_.empty();
        const int most = parallel_ ? tree_.number(node, "max_count") : 1;
        return tree_.repeat(calls(children.front(), true), least, most);
    }
    return tree_.with_children(node, {calls(children.front(), must)});
}

Node ForcedCalls::choice_of_calls(const Nodes & children, bool must) {
    Nodes ways, bare, framed;
    for (const Node child : children) {
        if (!tree_.holds(child, ParserTree::kToolName)) {
            if (!must && !tree_.holds(child, ParserTree::kContent | ParserTree::kReasoning)) ways.push_back(child);
            continue;
        }
        ways.push_back(child);
        if (tree_.holds(child, ParserTree::kContent)) framed.push_back(child);
        if (!tree_.holds(child, ParserTree::kContent | ParserTree::kReasoning)) bare.push_back(child);
    }
    // Prose may have words of its own around it, and a call may end reasoning: neither is for a call that must
    // come.
    Nodes out;
    for (const Node child : !bare.empty() ? bare : !framed.empty() ? framed : ways) {
        out.push_back(tree_.holds(child, ParserTree::kToolName) ? calls(child, true) : child);
    }
    return tree_.choice(out);
}

Node ForcedCalls::row_of_calls(const Nodes & children, bool must) {
    const bool sure = std::any_of(children.begin(), children.end(), [&](Node child) { return must_call(child); });
    bool asked = !must || sure;  // the first that can make the call makes it
    const std::set<std::string> tools = tools_of(tree_.sequence(children));
    bool reasoned = false;
    Nodes out;
    for (size_t i = 0; i < children.size(); ++i) {
        const Node child = children[i];
        if (tree_.holds(child, ParserTree::kToolName)) {
            out.push_back(calls(child, must_call(child) || !asked));
            asked = true;
        } else if (tree_.holds(child, ParserTree::kReasoning)) {
            out.push_back(reasoning_.of(child));
            i = reasoning_.behind(children, i);
            reasoned = true;
        } else if (tree_.holds(child, ParserTree::kContent)) {
            // Where words may stand, blanks may: models write them behind their reasoning.
            if (reasoned && begins_with_words(child)) out.push_back(tree_.space());
            reasoned = false;
        } else if (reasoning_.left_out(child)) {
            continue;
        } else if (tree_.holds(child, ParserTree::kArguments) && tools.size() == 1) {
            size_t last = i;
            for (size_t j = i; j < children.size(); ++j) {
                if (tree_.holds(children[j], ParserTree::kArguments) &&
                    !tree_.holds(children[j], ParserTree::kToolName))
                    last = j;
            }
            out.push_back(arguments({children.begin() + i, children.begin() + last + 1}, *tools.begin()));
            i = last;
        } else if (i == 0 || tree_.type(child) != "space" || !looks_ahead(children[i - 1])) {
            out.push_back(short_word(child));
        }
    }
    return tree_.sequence(out);
}

/** No tag of the format stands before its words. */
bool ForcedCalls::begins_with_words(Node node) const {
    const Nodes & children = tree_.children(node);
    if (tree_.tagged(node, "content")) return true;
    if (tree_.type(node) == "sequence") return !children.empty() && begins_with_words(children.front());
    return std::any_of(children.begin(), children.end(), [&](Node child) { return begins_with_words(child); });
}

/** It ends where the next word stands already: no blanks before that. */
bool ForcedCalls::looks_ahead(Node node) const {
    const Nodes & children = tree_.children(node);
    if (tree_.type(node) == "and") return true;
    if (tree_.type(node) == "sequence") return !children.empty() && looks_ahead(children.back());
    return std::any_of(children.begin(), children.end(), [&](Node child) { return looks_ahead(child); });
}

Node ForcedCalls::arguments(const Nodes & parts, const std::string & tool) {
    const auto schema = schemas_.find(tool);
    if (schema == schemas_.end()) return tree_.sequence(parts);
    return ArgumentGrammar(tree_, rules_, "tool-" + tool).of(parts, *schema->second.root);
}

/** Ids and attributes beside a call are read up to a tag; written, they must come to an end. */
Node ForcedCalls::short_word(Node node) {
    if (tree_.type(node) == "chars" && tree_.number(node, "max_count") < 0) {
        const int least = tree_.number(node, "min_count");
        return tree_.chars(tree_.field(node, "pattern"), least, least + 2);
    }
    if (tree_.type(node) == "until") return tree_.chars("[A-Za-z0-9_.:=\" -]", 0, 24);
    if (tree_.type(node) == "string") return tree_.chars("[A-Za-z0-9_-]", 1, 12);
    if (tree_.type(node) == "rule" || tree_.type(node) == "ref") return node;
    if (tree_.type(node) == "repetition" && tree_.number(node, "max_count") != 1) return node;
    if (tree_.type(node) == "choice" && tree_.find_tag(node, "tool-id") >= 0) {
        return short_word(tree_.children(node).front());
    }
    Nodes out;
    for (const Node child : tree_.children(node)) out.push_back(short_word(child));
    return out.empty() ? node : tree_.with_children(node, out);
}

}  // namespace banyan
