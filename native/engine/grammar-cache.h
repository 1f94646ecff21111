// Grammars of requests without a chat, parsed once for each text.
//
// Owns: the last few parsed ones. Changed by: get. Thread: any.
#pragma once

#include <memory>
#include <string>

#include "runner/constraints/compiled-grammar.h"
#include "runner/lru-cache.h"
#include "runner/model.h"

namespace banyan {

class GrammarCache {
  public:
    explicit GrammarCache(std::shared_ptr<const Model> model);

    /** Of a GBNF or of a JSON schema, the other being empty; nullptr when both are. Throws INVALID_GRAMMAR,
     * INVALID_SCHEMA. */
    std::shared_ptr<const CompiledGrammar> get(const std::string & gbnf, const std::string & json_schema);

  private:
    const std::shared_ptr<const Model> model_;
    LruCache<const CompiledGrammar> schemas_{32}, grammars_{32};
};

}  // namespace banyan
