// The reasoning of an answer that must be something: as the chat format has it, once, and up to the tag that ends it.
//
// Owns: nothing. Thread: one at a time.
#pragma once

#include <string>
#include <vector>

#include "runner/grammars/parser-tree.h"

struct common_chat_params;

namespace banyan {

class ReasoningGrammar {
  public:
    /** `tree` must outlive it. `thinking` false: no reasoning but what the prompt has begun. */
    ReasoningGrammar(ParserTree & tree, const common_chat_params & params, bool thinking);

    /** A node that holds reasoning -> one that reads only what is closed. */
    ParserTree::Node of(ParserTree::Node node);

    /** Reasoning that the format reads and forgets, where the answer has none: it may be missing, and is to be. */
    bool left_out(ParserTree::Node node) const;

    /** The last of the parts that only close the reasoning at `at`: it is closed already. */
    size_t behind(const ParserTree::Nodes & parts, size_t at) const;

  private:
    using Node = ParserTree::Node;

    Node closed(Node node);
    Node closed_in(Node node, bool choice);
    std::string end_of(Node node) const;

    ParserTree & tree_;
    std::vector<std::string> stops_;
    std::string start_;
    std::string blanks_;  // behind the reasoning that the prompt closes
    bool reasons_ = true;
};

/** Optional words, several at once: what models write by mistake and the format passes over. */
bool is_stray(const ParserTree & tree, ParserTree::Node node);

}  // namespace banyan
