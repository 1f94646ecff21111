// What a chat format's parser reads as calls, made into what an answer must be: a call, without prose around it.
//
// Owns: nothing. Thread: one at a time.
#pragma once

#include <map>
#include <set>
#include <string>

#include "json-schema-to-grammar.h"
#include "json-schema.h"
#include "runner/grammars/parser-tree.h"
#include "runner/grammars/reasoning-grammar.h"

namespace banyan {

/** Of each tool, by its name. */
using ToolSchemas = std::map<std::string, common_chat_schema_document>;

class ForcedCalls {
  public:
    /** All must outlive it. `parallel`: several calls may be made. */
    ForcedCalls(ParserTree & tree, ReasoningGrammar & reasoning, const common_grammar_builder & rules,
                const ToolSchemas & schemas, bool parallel);

    /** -1: the format has no calls. */
    ParserTree::Node root();

  private:
    using Node = ParserTree::Node;
    using Nodes = ParserTree::Nodes;

    bool must_call(Node node) const;
    std::set<std::string> tools_of(Node node) const;
    Node calls(Node node, bool must);
    Node choice_of_calls(const Nodes & children, bool must);
    Node row_of_calls(const Nodes & children, bool must);
    Node arguments(const Nodes & parts, const std::string & tool);
    bool begins_with_words(Node node) const;
    bool looks_ahead(Node node) const;
    Node short_word(Node node);

    ParserTree & tree_;
    ReasoningGrammar & reasoning_;
    const common_grammar_builder & rules_;
    const ToolSchemas & schemas_;
    bool parallel_;
};

}  // namespace banyan
