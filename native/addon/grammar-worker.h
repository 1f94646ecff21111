// Parses a grammar on Node's thread pool: a caller's may be megabytes. JavaScript gets it as a tagged object.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "addon/napi-api.h"
#include "engine/grammar-cache.h"
#include "runner/error.h"

namespace banyan {

class GrammarWorker : public Napi::AsyncWorker {
  public:
    /** Of a GBNF or of a JSON schema, the other being empty. */
    GrammarWorker(Napi::Env env, const Napi::Promise::Deferred & deferred, std::shared_ptr<GrammarCache> grammars,
                  std::string gbnf, std::string json_schema);

  protected:
    void Execute() override;
    void OnOK() override;

  private:
    Napi::Promise::Deferred deferred_;
    std::shared_ptr<GrammarCache> grammars_;
    const std::string gbnf_, json_schema_;
    std::shared_ptr<const CompiledGrammar> grammar_;
    std::optional<Error> error_;
};

/** nullptr: not what a GrammarWorker made. */
std::shared_ptr<const CompiledGrammar> grammar_of(const Napi::Value & value);

}  // namespace banyan
