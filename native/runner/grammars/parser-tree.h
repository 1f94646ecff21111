// The parser of a chat format as a tree that can be rewritten: what llama.cpp saves, and loads again to write a
// grammar.
//
// Owns: the nodes. Changed by: the makers, which only add. Thread: one at a time. Invariant: a node is never changed,
// so a rewriting shares what it leaves as it is.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "json.h"

namespace banyan {

class ParserTree {
  public:
    using Node = int32_t;
    using Nodes = std::vector<Node>;

    /** What may lie below a node, as bits. */
    enum Holds : unsigned { kToolName = 1, kReasoning = 2, kContent = 4, kArguments = 8, kProse = 16 };

    /** Throws what llama.cpp's JSON throws. */
    explicit ParserTree(const std::string & saved);

    Node root() const { return root_; }
    /** `sequence`, `choice`, `literal`, `tag` ... as llama.cpp calls them. */
    std::string type(Node node) const { return field(node, "type"); }
    /** `literal`, `tag`, `name` ... of a node; '' where it has none. */
    std::string field(Node node, const char * name) const;
    int number(Node node, const char * name) const { return nodes_[node].at(name).get<int>(); }
    const Nodes & children(Node node) const { return children_[node]; }
    /** The first node below (or this one) that passes, -1 = none. Rules that refer to themselves are read once. */
    Node find(Node node, const std::function<bool(Node)> & passes) const;
    bool tagged(Node node, const char * tag) const { return field(node, "tag") == tag; }
    unsigned holds(Node node) const { return holds_[node]; }
    bool holds(Node node, unsigned what) const { return holds_[node] & what; }
    /** A text that may be left out. */
    bool optional_literal(Node node) const;
    Node find_tag(Node node, const char * tag) const;
    /** What the first node below (or this one) reads up to, one of them; {} = nothing. */
    std::vector<std::string> delimiters(Node node) const;
    /** A rule by its name, -1 = none. */
    Node rule(const std::string & name) const;

    Node empty() { return add({{"type", "epsilon"}}, {}); }
    Node space() { return add({{"type", "space"}}, {}); }
    Node literal(const std::string & text) { return add({{"type", "literal"}, {"literal", text}}, {}); }
    Node sequence(const Nodes & parts);
    Node choice(const Nodes & alternatives);
    /** most -1: any number. */
    Node repeat(Node child, int least, int most);
    /** Everything up to the first of the texts. */
    Node until(const std::vector<std::string> & texts);
    /** A character class with its count. */
    Node chars(const std::string & pattern, int least, int most);
    /** A rule of the grammar; `kept`: a node whose rules it uses. */
    Node grammar(const std::string & rule, Node kept = -1);
    /** The same kind of node with other children. */
    Node with_children(Node node, const Nodes & children);

    /** As llama.cpp loads it, with another root. */
    std::string save(Node root) const;

  private:
    Node add(common_json node, const Nodes & children);
    unsigned measure(Node node, std::vector<char> & seen);

    std::vector<common_json> nodes_;
    std::vector<Nodes> children_;
    std::vector<unsigned> holds_;
    std::map<std::string, Node> rules_;
    Node root_ = 0;
};

}  // namespace banyan
