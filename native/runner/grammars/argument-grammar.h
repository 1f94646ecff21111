// A tool's arguments in the way its chat format writes them, as its JSON Schema wants them: the required ones, each
// once, values of their types. JSON stands as it is; texts between tags stand raw.
//
// Owns: nothing. Thread: one at a time.
#pragma once

#include "json-schema-to-grammar.h"
#include "json-schema.h"
#include "runner/grammars/parser-tree.h"
#include "runner/grammars/raw-text.h"

namespace banyan {

class ArgumentGrammar {
  public:
    /** Both must outlive it. `name`: of the tool, for the names of rules. */
    ArgumentGrammar(ParserTree & tree, const common_grammar_builder & rules, std::string name);

    /** The nodes of a tool's parser that read its arguments, one after another -> a node that reads only valid ones. */
    ParserTree::Node of(const ParserTree::Nodes & parts, const common_chat_schema & schema);

  private:
    using Node = ParserTree::Node;
    struct Member {
        Node node;
        bool required;
    };

    Node region(Node node, const common_chat_schema & schema);
    Node members(const ParserTree::Nodes & parts, const common_chat_schema & schema);
    Node joined(const std::vector<Member> & members, Node separator, bool some);
    Node value(Node node, const common_chat_schema & schema);
    Node alternatives(Node node, const common_chat_schema & schema);
    Node whole(Node node, const common_chat_schema & schema);
    void without_texts(const common_chat_schema & schema, ParserTree::Nodes & out);
    Node json(const common_chat_schema & schema);

    ParserTree & tree_;
    const common_grammar_builder & rules_;
    RawTexts texts_;
    std::string name_;
    Node instead_ = -1;  // of a value's JSON, while it is a union with texts
    int used_ = 0;
};

}  // namespace banyan
