#include "runner/grammars/raw-text.h"

namespace banyan {

const common_chat_schema & resolved(const common_chat_schema & schema) {
    const common_chat_schema * at = &schema;
    for (int depth = 0; depth < 100 && at->kind() == common_chat_schema::KIND_REF; ++depth) {
        at = static_cast<const common_chat_schema_ref *>(at)->target;
    }
    return *at;
}

bool has_text(const common_chat_schema & schema) {
    return resolved(schema).may_be_string();
}

bool free_text(const common_chat_schema & schema) {
    return has_text(schema) && resolved(schema).text.empty();
}

std::string RawTexts::rule(const common_chat_schema & schema) {
    const common_chat_schema & at = resolved(schema);
    if (at.text.empty()) return "";
    if (written_.insert(at.texts.get()).second) {
        for (const auto & [name, body] : *at.texts) rules_.add_rule(name, body);
    }
    return at.text;
}

ParserTree::Node RawTexts::read(ParserTree & tree, ParserTree::Node node, const common_chat_schema & schema) {
    const std::string name = rule(schema);
    return name.empty() ? node : tree.grammar(name);
}

}  // namespace banyan
