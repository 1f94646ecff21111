#include "runner/constraints/call-grammar.h"

#include <cmath>
#include <stdexcept>
#include <vector>

#include "llama-grammar.h"
#include "llama.h"
#include "runner/backend.h"
#include "runner/model.h"

namespace banyan {

CallGuard::CallGuard(llama_grammar * grammar) : grammar_(grammar, llama_grammar_free_impl) {}
CallGuard::~CallGuard() = default;

bool CallGuard::admits(Token token) const {
    llama_token_data one{token, 1.0f, 0.0f};
    llama_token_data_array candidates{&one, 1, -1, false};
    llama_grammar_apply_impl(*grammar_, &candidates);
    return one.logit != -INFINITY;
}

bool CallGuard::mask(float * logits, int32_t n) const {
    std::vector<llama_token_data> all(static_cast<size_t>(n));
    for (Token token = 0; token < n; ++token) all[static_cast<size_t>(token)] = {token, logits[token], 0.0f};
    llama_token_data_array candidates{all.data(), all.size(), -1, false};
    llama_grammar_apply_impl(*grammar_, &candidates);
    bool any = false;
    for (const llama_token_data & one : all) {
        logits[one.id] = one.logit;
        any = any || one.logit != -INFINITY;
    }
    return any;
}

void CallGuard::accept(Token token) {
    llama_grammar_accept_impl(*grammar_, token);
}

CallGrammar::CallGrammar(const Model & model, const std::string & gbnf)
    : rules_(llama_grammar_init_impl(model.vocab(), gbnf.c_str(), "root", false, nullptr, 0, nullptr, 0),
             llama_grammar_free_impl) {
    if (!rules_) throw std::runtime_error("failed to parse grammar");
}

CallGrammar::~CallGrammar() = default;

std::unique_ptr<CallGuard> CallGrammar::follow(const std::string & begun) const {
    backend::AssertGuard guard;
    std::unique_ptr<llama_grammar, void (*)(llama_grammar *)> grammar(llama_grammar_clone_impl(*rules_),
                                                                      llama_grammar_free_impl);
    try {
        llama_grammar_accept_str(*grammar, begun);
    } catch (const std::exception &) {
        return nullptr;
    }
    return std::make_unique<CallGuard>(grammar.release());
}

}  // namespace banyan
