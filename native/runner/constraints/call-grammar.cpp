#include "runner/constraints/call-grammar.h"

#include <stdexcept>

#include "llama-grammar.h"
#include "runner/backend.h"
#include "runner/masks/running-grammar.h"
#include "runner/model.h"

namespace banyan {

CallGrammar::CallGrammar(const Model & model, const std::string & gbnf)
    : rules_(llama_grammar_init_impl(model.vocab(), gbnf.c_str(), "root", false, nullptr, 0, nullptr, 0),
             llama_grammar_free_impl) {
    if (!rules_) throw std::runtime_error("failed to parse grammar");
    masks_ = std::make_shared<GrammarMasks>(model.texts(), *rules_);
}

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
