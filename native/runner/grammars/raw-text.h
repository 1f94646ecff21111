// Strings that a chat format writes without quotes, between tags, as their JSON Schema wants them (src/schema
// says how: "x-text" of a place).
//
// Owns: nothing but which rules are there already. Changed by: rule, read. Thread: one at a time.
#pragma once

#include <map>
#include <set>
#include <string>

#include "json-schema-to-grammar.h"
#include "json-schema.h"
#include "runner/grammars/parser-tree.h"

namespace banyan {

/** Behind its references. */
const common_chat_schema & resolved(const common_chat_schema & schema);
/** Any text passes. */
bool free_text(const common_chat_schema & schema);
/** Some text passes. */
bool has_text(const common_chat_schema & schema);

class RawTexts {
  public:
    explicit RawTexts(const common_grammar_builder & rules) : rules_(rules) {}

    /** The rule of the texts that pass; '' where any does. */
    std::string rule(const common_chat_schema & schema);
    /** `node` reads a text up to a tag: the same for the texts that pass. */
    ParserTree::Node read(ParserTree & tree, ParserTree::Node node, const common_chat_schema & schema);

  private:
    const common_grammar_builder & rules_;
    std::set<const std::map<std::string, std::string> *> written_;
};

}  // namespace banyan
