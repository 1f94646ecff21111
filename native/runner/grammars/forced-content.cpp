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
            if (tree_.holds(child, ParserTree::kContent)) plain.push_back(content(child));
        }
        return tree_.choice(plain);
    }
    return type == "sequence" ? row(node) : tree_.with_children(node, {content(children.front())});
}

Node ForcedContent::row(Node node) {
    const Nodes children = tree_.children(node);
    Node last = -1;
    for (const Node child : children) {
        if (tree_.holds(child, ParserTree::kContent)) last = child;
    }
    Nodes out;
    for (size_t i = 0; i < children.size(); ++i) {
        const Node child = children[i];
        if (child == last) {
            out.push_back(content(child));
            if (i + 1 < children.size() && ends_content(children[i + 1], child)) {
                out.push_back(tree_.children(children[++i]).front());
            }
        } else if (tree_.holds(child, ParserTree::kReasoning)) {
            out.push_back(reasoning_.of(child));
            i = reasoning_.behind(children, i);
        } else if (!tree_.holds(child, ParserTree::kContent) && !is_stray(tree_, child) &&
                   !reasoning_.left_out(child)) {
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
