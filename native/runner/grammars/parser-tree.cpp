#include "runner/grammars/parser-tree.h"

#include <set>

namespace banyan {

namespace {

const std::map<std::string, unsigned> & bits_of_tags() {
    static const std::map<std::string, unsigned> bits = {
        {"tool-name", ParserTree::kToolName},  {"reasoning", ParserTree::kReasoning}, {"content", ParserTree::kContent},
        {"tool-args", ParserTree::kArguments}, {"tool-arg", ParserTree::kArguments},
    };
    return bits;
}

unsigned bits_of(const common_json & node) {
    const std::string type = node.at("type");
    if (type == "schema") return ParserTree::kArguments;
    if (type == "until" || type == "any" || type == "ac") return ParserTree::kProse;
    if (type != "tag") return 0;
    const auto found = bits_of_tags().find(node.at("tag"));
    return found == bits_of_tags().end() ? 0 : found->second;
}

common_json ids(const ParserTree::Nodes & nodes) {
    common_json list = common_json::array();
    for (const ParserTree::Node node : nodes) list.push_back(node);
    return list;
}

}  // namespace

ParserTree::ParserTree(const std::string & saved) {
    const common_json tree = common_json::parse(saved);
    for (const auto & [name, id] : tree.at("rules").items()) rules_[name] = id.get<int>();
    root_ = tree.at("root").get<int>();
    for (const common_json & node : tree.at("parsers")) {
        Nodes children;
        if (node.contains("children")) {
            for (const common_json & id : node.at("children")) children.push_back(id.get<int>());
        } else if (node.contains("child")) {
            children.push_back(node.at("child").get<int>());
        } else if (node.at("type") == "ref") {
            children.push_back(rules_.at(node.at("name")));
        }
        nodes_.push_back(node);
        children_.push_back(std::move(children));
    }
    holds_.assign(nodes_.size(), 0);
    std::vector<char> seen(nodes_.size(), 0);
    for (size_t node = 0; node < nodes_.size(); ++node) measure(static_cast<Node>(node), seen);
}

unsigned ParserTree::measure(Node node, std::vector<char> & seen) {
    // What refers to itself (the values of JSON) holds nothing that is asked for.
    if (seen[node]) return holds_[node];
    seen[node] = 1;
    unsigned bits = bits_of(nodes_[node]);
    for (const Node child : children_[node]) bits |= measure(child, seen);
    return holds_[node] = bits;
}

std::string ParserTree::field(Node node, const char * name) const {
    return nodes_[node].contains(name) ? std::string(nodes_[node].at(name)) : "";
}

ParserTree::Node ParserTree::find(Node node, const std::function<bool(Node)> & passes) const {
    std::set<Node> seen;
    const std::function<Node(Node)> visit = [&](Node at) -> Node {
        if (!seen.insert(at).second) return -1;
        if (passes(at)) return at;
        for (const Node child : children_[at]) {
            const Node found = visit(child);
            if (found >= 0) return found;
        }
        return -1;
    };
    return visit(node);
}

ParserTree::Node ParserTree::find_tag(Node node, const char * tag) const {
    return find(node, [&](Node at) { return tagged(at, tag); });
}

bool ParserTree::optional_literal(Node node) const {
    return type(node) == "repetition" && number(node, "min_count") == 0 && type(children(node).front()) == "literal";
}

std::vector<std::string> ParserTree::delimiters(Node node) const {
    const Node found = find(node, [&](Node at) { return nodes_[at].contains("delimiters"); });
    return found < 0 ? std::vector<std::string>() : nodes_[found].at("delimiters").get<std::vector<std::string>>();
}

ParserTree::Node ParserTree::rule(const std::string & name) const {
    const auto found = rules_.find(name);
    return found == rules_.end() ? -1 : found->second;
}

ParserTree::Node ParserTree::add(common_json node, const Nodes & children) {
    unsigned bits = bits_of(node);
    for (const Node child : children) bits |= holds_[child];
    nodes_.push_back(std::move(node));
    children_.push_back(children);
    holds_.push_back(bits);
    return static_cast<Node>(nodes_.size() - 1);
}

ParserTree::Node ParserTree::sequence(const Nodes & parts) {
    return add({{"type", "sequence"}, {"children", ids(parts)}}, parts);
}

ParserTree::Node ParserTree::choice(const Nodes & alternatives) {
    if (alternatives.size() == 1) return alternatives.front();
    return add({{"type", "choice"}, {"children", ids(alternatives)}}, alternatives);
}

ParserTree::Node ParserTree::repeat(Node child, int least, int most) {
    // llama.cpp writes a rule's name and a repeated sequence alike; brackets come from the sequence.
    const Node group = sequence({child});
    return add({{"type", "repetition"}, {"child", group}, {"min_count", least}, {"max_count", most}}, {group});
}

ParserTree::Node ParserTree::until(const std::vector<std::string> & texts) {
    return add({{"type", "until"}, {"delimiters", texts}}, {});
}

ParserTree::Node ParserTree::chars(const std::string & pattern, int least, int most) {
    return add({{"type", "chars"},
                {"pattern", pattern},
                {"ranges", common_json::array()},
                {"negated", false},
                {"min_count", least},
                {"max_count", most}},
               {});
}

ParserTree::Node ParserTree::grammar(const std::string & rule, Node kept) {
    const Node child = kept < 0 ? empty() : kept;
    return add({{"type", "gbnf"}, {"child", child}, {"grammar", rule}}, {child});
}

ParserTree::Node ParserTree::with_children(Node node, const Nodes & children) {
    common_json copy = nodes_[node];
    const std::string kind = type(node);
    // A rule is written once by its name: a changed one stands in its place.
    if (kind == "rule" || kind == "ref" || kind == "gbnf") return children.front();
    if (copy.contains("children")) {
        copy["children"] = ids(children);
    } else if (copy.contains("child")) {
        copy["child"] = children.front();
    }
    return add(std::move(copy), children);
}

std::string ParserTree::save(Node root) const {
    common_json parsers = common_json::array(), rules = common_json::object();
    for (const common_json & node : nodes_) parsers.push_back(node);
    for (const auto & [name, id] : rules_) rules[name] = id;
    return common_json{{"parsers", parsers}, {"rules", rules}, {"root", root}}.dump();
}

}  // namespace banyan
