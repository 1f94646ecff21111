#include "addon/grammar-worker.h"

#include <utility>

#include "addon/js-error.h"
#include "addon/shared-handle.h"

namespace banyan {

namespace {

constexpr napi_type_tag kTag = {0x62616e79616e4772ull, 0x616d6d6172303031ull};

}  // namespace

GrammarWorker::GrammarWorker(Napi::Env env, const Napi::Promise::Deferred & deferred,
                             std::shared_ptr<GrammarCache> grammars, std::string gbnf, std::string json_schema)
    : AsyncWorker(env, "banyan:grammar"),
      deferred_(deferred),
      grammars_(std::move(grammars)),
      gbnf_(std::move(gbnf)),
      json_schema_(std::move(json_schema)) {}

void GrammarWorker::Execute() {
    try {
        grammar_ = grammars_->get(gbnf_, json_schema_);
        if (!grammar_) throw Error("INVALID_OPTION", "the grammar is empty", "grammar");
    } catch (...) {
        error_ = current_error();
    }
}

void GrammarWorker::OnOK() {
    or_reject(deferred_, [&] {
        if (error_) throw *error_;
        deferred_.Resolve(shared_handle(Env(), grammar_, kTag));
    });
}

std::shared_ptr<const CompiledGrammar> grammar_of(const Napi::Value & value) {
    return shared_in<CompiledGrammar>(value, kTag);
}

}  // namespace banyan
