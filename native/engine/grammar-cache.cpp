#include "engine/grammar-cache.h"

#include <utility>

#include "runner/grammars/grammar.h"

namespace banyan {

GrammarCache::GrammarCache(std::shared_ptr<const Model> model) : model_(std::move(model)) {}

std::shared_ptr<const CompiledGrammar> GrammarCache::get(const std::string & gbnf, const std::string & json_schema) {
    const auto parse = [&](const std::string & text) { return CompiledGrammar::parse(*model_, text); };
    if (!gbnf.empty()) return grammars_.get(gbnf, [&] { return parse(gbnf); });
    if (json_schema.empty()) return nullptr;
    return schemas_.get(json_schema, [&] { return parse(grammar_from_schema(json_schema)); });
}

}  // namespace banyan
