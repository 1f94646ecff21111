#include "runner/grammars/forced-content.h"

#include <algorithm>

namespace banyan {

using Node = ParserTree::Node;
using Nodes = ParserTree::Nodes;

Node ForcedContent::root() {
    return tree_.holds(tree_.root(), ParserTree::kContent) ? content(tree_.root()) : -1;
}

/** A node that holds the content. */
Node ForcedContent::content(Node node) {
    const std::string type = tree_.type(node);
    const Nodes children = tree_.children(node);
    if (tree_.tagged(node, "content")) return body_;
    if (type == "repetition") return content(children.front());
    if (type == "choice") {
        Nodes plain;
        for (const Node child : children) {
            const bool calls = tree_.holds(child, ParserTree::kToolName);
            if (tree_.holds(child, ParserTree::kContent) && !calls) plain.push_back(content(child));
        }
        for (const Node child : children) {
            if (plain.empty() && tree_.holds(child, ParserTree::kContent)) plain.push_back(content(child));
        }
        return tree_.choice(plain);
    }
    return type == "sequence" ? row(node) : tree_.with_children(node, {content(children.front())});
}

/** It can read content, and no calls with it. */
bool ForcedContent::reads_alone(Node node) const {
    if (!tree_.holds(node, ParserTree::kToolName)) return tree_.holds(node, ParserTree::kContent);
    const Nodes & children = tree_.children(node);
    const auto alone = [&](Node child) { return reads_alone(child); };
    const auto calls = [&](Node child) { return tree_.holds(child, ParserTree::kToolName) && !alone(child); };
    if (tree_.type(node) == "sequence" && std::any_of(children.begin(), children.end(), calls)) return false;
    return std::any_of(children.begin(), children.end(), alone);
}

/** The last part that reads content; none behind calls, if one before them reads all that is no call. */
Node ForcedContent::reader(const Nodes & row) const {
    Node found = -1;
    for (const Node child : row) {
        if (found >= 0 && tree_.holds(child, ParserTree::kToolName) && !reads_alone(child)) break;
        if (tree_.holds(child, ParserTree::kContent)) found = child;
    }
    return found;
}

Node ForcedContent::row(Node node) {
    const Nodes children = tree_.children(node);
    const Node read_by = reader(children);
    bool behind_calls = false;
    Nodes out;
    for (size_t i = 0; i < children.size(); ++i) {
        const Node child = children[i];
        if (child == read_by) {
            out.push_back(content(child));
            if (i + 1 < children.size() && ends_content(children[i + 1], child)) {
                out.push_back(tree_.children(children[++i]).front());
            }
        } else if (tree_.holds(child, ParserTree::kReasoning)) {
            out.push_back(reasoning_.of(child));
            i = reasoning_.behind(children, i);
        } else if (tree_.holds(child, ParserTree::kContent | ParserTree::kToolName)) {
            behind_calls = behind_calls || tree_.holds(child, ParserTree::kToolName);
        } else if (!is_stray(tree_, child) && !reasoning_.left_out(child) &&
                   !(behind_calls && tree_.optional_literal(child))) {
            out.push_back(child);
        }
    }
    return tree_.sequence(out);
}

/** An optional tag that ends the content: without it, what follows would be read as content too. */
bool ForcedContent::ends_content(Node node, Node content) const {
    if (!tree_.optional_literal(node)) return false;
    const std::vector<std::string> ends = tree_.delimiters(content);
    const std::string text = tree_.field(tree_.children(node).front(), "literal");
    return std::find(ends.begin(), ends.end(), text) != ends.end();
}

}  // namespace banyan
