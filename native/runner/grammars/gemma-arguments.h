// Arguments in the notation of Gemma 4 ({city:<|"|>Oslo<|"|>,days:3}) as their JSON Schema wants them; llama.cpp's
// format takes any there.
//
// Owns: the names of the rules made so far. Changed by: of. Thread: one at a time.
#pragma once

#include <map>
#include <string>

#include "json-schema-to-grammar.h"
#include "json-schema.h"
#include "runner/grammars/parser-tree.h"
#include "runner/grammars/raw-text.h"

namespace banyan {

class GemmaArguments {
  public:
    /** `name` begins the names of the rules. */
    GemmaArguments(ParserTree & tree, const common_grammar_builder & rules, std::string name)
        : tree_(tree), rules_(rules), texts_(rules), name_(std::move(name)) {}

    ParserTree::Node of(const common_chat_schema & schema);

  private:
    std::string rule(const common_chat_schema & schema);
    std::string body(const common_chat_schema & schema);
    std::string object(const common_chat_schema_object & schema);
    std::string array(const common_chat_schema_array & schema);

    ParserTree & tree_;
    const common_grammar_builder & rules_;
    RawTexts texts_;
    std::string name_;
    std::map<const common_chat_schema *, std::string> named_;
};

}  // namespace banyan
