#include "runner/constraints/compiled-grammar.h"

#include <stdexcept>

#include "llama-grammar.h"
#include "runner/backend.h"
#include "runner/constraints/completion-cost.h"
#include "runner/error.h"
#include "runner/grammars/grammar.h"
#include "runner/masks/running-grammar.h"
#include "runner/model.h"
#include "sampling.h"

namespace banyan {

std::shared_ptr<const CompiledGrammar> CompiledGrammar::parse(const Model & model, const std::string & gbnf) {
    check_grammar(model.vocab(), gbnf);
    common_params_sampling params;
    params.grammar = {COMMON_GRAMMAR_TYPE_USER, gbnf};
    backend::AssertGuard guard;
    try {
        return std::make_shared<const CompiledGrammar>(model, std::move(params));
    } catch (const std::exception & e) {
        throw Error("INVALID_GRAMMAR", e.what(), "grammar");
    }
}

CompiledGrammar::CompiledGrammar(const Model & model, common_params_sampling params)
    : holder_(nullptr, common_sampler_free) {
    params.samplers.clear();
    holder_.reset(common_sampler_init(model.handle(), params));
    if (!common_sampler_get_grammar(holder_.get())) throw std::runtime_error("no grammar");
    if (!rules().awaiting_trigger) completion_ = std::make_shared<const CompletionCost>(model, rules());
    masks_ = std::make_shared<GrammarMasks>(model.texts(), rules());
}

CompiledGrammar::~CompiledGrammar() = default;

const llama_grammar & CompiledGrammar::rules() const {
    return *llama_sampler_grammar_state(common_sampler_get_grammar(holder_.get()));
}

std::unique_ptr<RunningGrammar> CompiledGrammar::begin() const {
    return std::make_unique<RunningGrammar>(rules(), masks_);
}

}  // namespace banyan
