#include "runner/constraints/call-grammar.h"

#include <exception>

#include "llama-grammar.h"
#include "runner/backend.h"
#include "runner/model.h"

namespace banyan {

CallGrammar::CallGrammar(const Model & model, const std::string & gbnf)
    : rules_(read_rules(model.vocab(), gbnf)), masks_(std::make_shared<GrammarMasks>(model.texts(), *rules_)) {}

CallGrammar::~CallGrammar() = default;

std::unique_ptr<RunningGrammar> CallGrammar::follow(const std::string & begun) const {
    backend::AssertGuard guard;
    auto call = std::make_unique<RunningGrammar>(*rules_, masks_);
    try {
        llama_grammar_accept_str(call->state(), begun);
    } catch (const std::exception &) {
        return nullptr;
    }
    return call;
}

}  // namespace banyan
