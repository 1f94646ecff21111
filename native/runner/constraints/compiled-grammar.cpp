#include "runner/constraints/compiled-grammar.h"

#include <cctype>
#include <exception>
#include <vector>

#include "llama-grammar.h"
#include "runner/backend.h"
#include "runner/constraints/completion-cost.h"
#include "runner/error.h"
#include "runner/grammars/grammar.h"
#include "runner/model.h"

namespace banyan {

namespace {

/** Token by token, so that each has its bound of work. Some tokenizers put a blank before the first. */
void accept(llama_grammar & rules, const Model & model, const std::string & begun) {
    if (begun.empty()) return;
    const auto blank = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
    const std::vector<Token> tokens = model.tokenize(begun, false, true);
    for (size_t i = 0; i < tokens.size(); ++i) {
        const std::string piece = model.piece(tokens[i], true);
        if (i == 0 && !piece.empty() && blank(piece[0]) && !blank(begun[0])) continue;
        llama_grammar_accept_impl(rules, tokens[i]);
    }
}

}  // namespace

std::shared_ptr<const CompiledGrammar> CompiledGrammar::parse(const Model & model, const std::string & gbnf) {
    check_grammar(model.vocab(), gbnf);
    backend::AssertGuard guard;
    try {
        return std::make_shared<const CompiledGrammar>(model, gbnf);
    } catch (const std::exception & e) {
        throw Error("INVALID_GRAMMAR", e.what(), "grammar");
    }
}

CompiledGrammar::CompiledGrammar(const Model & model, const std::string & gbnf, const std::string & begun)
    : rules_(read_rules(model.vocab(), gbnf)) {
    accept(*rules_, model, begun);
    completion_ = std::make_shared<const CompletionCost>(model, *rules_);
    masks_ = std::make_shared<GrammarMasks>(model.texts(), *rules_);
}

CompiledGrammar::~CompiledGrammar() = default;

std::unique_ptr<RunningGrammar> CompiledGrammar::begin() const {
    return std::make_unique<RunningGrammar>(*rules_, masks_);
}

}  // namespace banyan
