// What a chat format's parser reads as the content of an answer, made into what the content must be. Calls are left
// out.
//
// Owns: nothing. Thread: one at a time.
#pragma once

#include "runner/grammars/parser-tree.h"
#include "runner/grammars/reasoning-grammar.h"

namespace banyan {

class ForcedContent {
  public:
    /** Both must outlive it. `body`: of the tree, what stands where the content stood. */
    ForcedContent(ParserTree & tree, ReasoningGrammar & reasoning, ParserTree::Node body)
        : tree_(tree), reasoning_(reasoning), body_(body) {}

    /** -1: the format has no content. */
    ParserTree::Node root();

  private:
    using Node = ParserTree::Node;

    Node content(Node node);
    Node row(Node node);
    bool reads_alone(Node node) const;
    Node reader(const ParserTree::Nodes & row) const;
    bool ends_content(Node node, Node content) const;

    ParserTree & tree_;
    ReasoningGrammar & reasoning_;
    Node body_;
};

}  // namespace banyan
