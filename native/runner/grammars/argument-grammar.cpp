#include "runner/grammars/argument-grammar.h"

#include <algorithm>
#include <functional>

#include "runner/grammars/gemma-arguments.h"
#include "runner/grammars/raw-text.h"

namespace banyan {

using Node = ParserTree::Node;
using Nodes = ParserTree::Nodes;

namespace {

const common_chat_schema_object * as_object(const common_chat_schema & schema) {
    return dynamic_cast<const common_chat_schema_object *>(&resolved(schema));
}

}  // namespace

ArgumentGrammar::ArgumentGrammar(ParserTree & tree, const common_grammar_builder & rules, std::string name)
    : tree_(tree), rules_(rules), texts_(rules), name_(std::move(name)) {}

Node ArgumentGrammar::of(const Nodes & parts, const common_chat_schema & schema) {
    const Node all = tree_.sequence(parts);
    if (tree_.find_tag(all, "tool-arg") < 0) return whole(all, schema);
    return parts.size() == 1 ? region(parts.front(), schema) : members(parts, schema);
}

/** Goes down to where the arguments stand in a row. */
Node ArgumentGrammar::region(Node node, const common_chat_schema & schema) {
    const std::string type = tree_.type(node);
    const bool plain = type == "atomic" || type == "rule" || type == "ref" || type == "tag";
    if (plain && !tree_.tagged(node, "tool-arg")) {
        return tree_.with_children(node, {region(tree_.children(node).front(), schema)});
    }
    if (type != "sequence") return members({node}, schema);
    const Nodes & parts = tree_.children(node);
    size_t first = parts.size(), last = 0;
    for (size_t i = 0; i < parts.size(); ++i) {
        if (tree_.find_tag(parts[i], "tool-arg") < 0) continue;
        first = std::min(first, i);
        last = i;
    }
    Nodes out(parts.begin(), parts.begin() + first);
    if (first == last) {
        out.push_back(region(parts[first], schema));
    } else {
        out.push_back(members(Nodes(parts.begin() + first, parts.begin() + last + 1), schema));
    }
    out.insert(out.end(), parts.begin() + last + 1, parts.end());
    return tree_.sequence(out);
}

Node ArgumentGrammar::members(const Nodes & parts, const common_chat_schema & schema) {
    const common_chat_schema_object * object = as_object(schema);
    const Node all = tree_.sequence(parts);
    if (!object) return all;
    std::vector<Member> found;
    for (const common_chat_schema_property & property : object->properties) {
        const Node argument = tree_.find(all, [&](Node at) {
            if (!tree_.tagged(at, "tool-arg")) return false;
            const Node name = tree_.find_tag(at, "tool-arg-name");
            return name >= 0 && tree_.field(tree_.children(name).front(), "literal") == property.name;
        });
        if (argument >= 0) found.push_back({value(argument, *property.schema), property.required});
    }
    const std::function<bool(Node, const char *, const char *)> between = [&](Node at, const char * type,
                                                                              const char * text) {
        if (tree_.tagged(at, "tool-arg")) return false;
        if (tree_.type(at) == type && tree_.field(at, "literal") == text) return true;
        const Nodes & below = tree_.children(at);
        return std::any_of(below.begin(), below.end(), [&](Node child) { return between(child, type, text); });
    };
    if (between(all, "literal", ",")) return joined(found, tree_.sequence({tree_.literal(","), tree_.space()}), true);
    return joined(found, between(all, "space", "") ? tree_.space() : tree_.empty(), false);
}

/** some: at least one must be there, and the separator stands between two only. */
Node ArgumentGrammar::joined(const std::vector<Member> & members, Node separator, bool some) {
    Nodes out;
    bool any = false;
    for (const Member & member : members) {
        if (!member.required) continue;
        if (any) out.push_back(separator);
        out.push_back(member.node);
        any = true;
    }
    Nodes rest;  // rest[i]: the optional ones from the i-th on, behind another
    std::vector<Node> optional;
    for (const Member & member : members) {
        if (!member.required) optional.push_back(member.node);
    }
    for (const Node node : optional) rest.push_back(tree_.repeat(tree_.sequence({separator, node}), 0, 1));
    if (any || !some) {
        out.insert(out.end(), rest.begin(), rest.end());
        return tree_.sequence(out);
    }
    Nodes starts;
    for (size_t i = 0; i < optional.size(); ++i) {
        Nodes from = {optional[i]};
        from.insert(from.end(), rest.begin() + i + 1, rest.end());
        starts.push_back(tree_.sequence(from));
    }
    return starts.empty() ? tree_.empty() : tree_.choice(starts);
}

Node ArgumentGrammar::value(Node node, const common_chat_schema & schema) {
    const std::string type = tree_.type(node);
    if (type == "literal" || type == "space") return node;
    if (type == "schema") return json(schema);
    if (type == "until") return tree_.chars("[A-Za-z0-9_.:=\" -]", 0, 24);  // attributes of the argument
    if (tree_.tagged(node, "tool-arg-name") || tree_.tagged(node, "tool-arg-open")) return node;
    if (tree_.tagged(node, "tool-arg-close")) return node;
    if (tree_.tagged(node, "tool-arg-string-value")) return texts_.read(tree_, node, schema);
    if (tree_.tagged(node, "tool-arg-value")) return json(schema);
    if (tree_.tagged(node, "tool-arg-object")) return region(tree_.children(node).front(), schema);
    if (tree_.tagged(node, "tool-arg-array")) {
        const auto * array = dynamic_cast<const common_chat_schema_array *>(&resolved(schema));
        const Node items = tree_.children(node).front();
        if (!array || tree_.type(items) != "repetition") return node;
        return tree_.repeat(value(tree_.children(items).front(), *array->items), array->min_items, array->max_items);
    }
    if (type == "choice") return alternatives(node, schema);
    // Any text up to the end that belongs to it.
    if (type == "ac" && free_text(schema)) return node;
    if (type == "ac") return value(tree_.children(node).front(), schema);
    if (tree_.children(node).empty()) return node;
    Nodes out;
    for (const Node child : tree_.children(node)) out.push_back(value(child, schema));
    return tree_.with_children(node, out);
}

/** A value that is read as JSON, or else as a text; or one way for each alternative of the schema. */
Node ArgumentGrammar::alternatives(Node node, const common_chat_schema & schema) {
    const Nodes ways = tree_.children(node);
    const auto reads = [&](Node way, const char * tag) { return tree_.find_tag(way, tag) >= 0; };
    const auto * any_of = dynamic_cast<const common_chat_schema_any_of *>(&resolved(schema));
    Nodes out;
    if (any_of && any_of->children.size() == ways.size() && !reads(node, "tool-arg-string-value")) {
        for (size_t i = 0; i < ways.size(); ++i) out.push_back(value(ways[i], *any_of->children[i]));
        return tree_.choice(out);
    }
    const bool both = reads(node, "tool-arg-value") && reads(node, "tool-arg-string-value");
    for (const Node way : ways) {
        // What is written raw need not be written as a JSON string too.
        if (both && reads(way, "tool-arg-value")) {
            Nodes others;
            without_texts(schema, others);
            if (others.empty()) continue;
            instead_ = tree_.choice(others);
            out.push_back(value(way, schema));
            instead_ = -1;
        } else if (!both || has_text(schema)) {
            out.push_back(value(way, schema));
        }
    }
    return tree_.choice(out);
}

/** What the schema admits and is no string, as JSON. */
void ArgumentGrammar::without_texts(const common_chat_schema & schema, Nodes & out) {
    const common_chat_schema & at = resolved(schema);
    if (at.kind() == common_chat_schema::KIND_ANY_OF) {
        for (const auto & child : static_cast<const common_chat_schema_any_of &>(at).children)
            without_texts(*child, out);
    } else if (!at.may_be_string()) {
        out.push_back(json(at));
    }
}

/** Arguments in one piece: JSON, or Gemma's own notation. */
Node ArgumentGrammar::whole(Node node, const common_chat_schema & schema) {
    if (tree_.type(node) == "schema") return json(schema);
    if (tree_.tagged(node, "tool-args") &&
        tree_.find(node, [&](Node at) { return tree_.field(at, "name") == "gemma4-dict"; }) >= 0) {
        return GemmaArguments(tree_, rules_, name_).of(schema);
    }
    if (!(tree_.holds(node) & ParserTree::kArguments)) return node;
    Nodes out;
    for (const Node child : tree_.children(node)) out.push_back(whole(child, schema));
    return tree_.with_children(node, out);
}

Node ArgumentGrammar::json(const common_chat_schema & schema) {
    if (instead_ >= 0) return instead_;
    return tree_.grammar(rules_.add_schema(name_ + "-value-" + std::to_string(used_++), schema));
}

}  // namespace banyan
