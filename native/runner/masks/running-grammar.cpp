#include "runner/masks/running-grammar.h"

#include <cmath>
#include <stdexcept>
#include <utility>

#include "llama-grammar.h"

namespace banyan {

GrammarRules read_rules(const llama_vocab * vocab, const std::string & gbnf) {
    GrammarRules rules(llama_grammar_init_impl(vocab, gbnf.c_str(), "root", false, nullptr, 0, nullptr, 0),
                       llama_grammar_free_impl);
    if (!rules) throw std::runtime_error("failed to parse grammar");
    return rules;
}

RunningGrammar::RunningGrammar(const llama_grammar & from, std::shared_ptr<GrammarMasks> masks)
    : state_(llama_grammar_clone_impl(from), llama_grammar_free_impl), masks_(std::move(masks)) {}

RunningGrammar::~RunningGrammar() = default;

bool RunningGrammar::admits(Token token) const {
    llama_token_data one{token, 1.0f, 0.0f};
    llama_token_data_array only{&one, 1, -1, false};
    llama_grammar_apply_impl(*state_, &only);
    return one.logit != -INFINITY;
}

bool RunningGrammar::refuse(float * logits) {
    if (!numbers_) numbers_.emplace(*state_);
    return masks_->refuse(*state_, *numbers_, logits);
}

std::string RunningGrammar::forced(const BlankStyle & style, bool guess) {
    if (!numbers_) numbers_.emplace(*state_);
    return masks_->forced(*state_, *numbers_, style, guess);
}

void RunningGrammar::accept(Token token) {
    llama_grammar_accept_impl(*state_, token);
}

}  // namespace banyan
