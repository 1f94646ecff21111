// A grammar parsed once, for any number of requests: each begins with a copy of the parsed rules.
//
// Owns: the parsed rules. Changed by: nothing. Thread: any.
#pragma once

#include <memory>
#include <string>

#include "runner/masks/running-grammar.h"

namespace banyan {

class CompletionCost;
class Model;

class CompiledGrammar {
  public:
    /** A caller's GBNF. Throws Error INVALID_GRAMMAR. */
    static std::shared_ptr<const CompiledGrammar> parse(const Model & model, const std::string & gbnf);

    /**
     * begun: what the prompt has said of an answer already, '' = nothing. Throws std::runtime_error for a grammar that
     * does not parse, and for a beginning that is none of its answers.
     */
    CompiledGrammar(const Model & model, const std::string & gbnf, const std::string & begun = "");
    ~CompiledGrammar();
    CompiledGrammar(const CompiledGrammar &) = delete;
    CompiledGrammar & operator=(const CompiledGrammar &) = delete;

    /** Where every answer begins. */
    const llama_grammar & rules() const { return *rules_; }
    /** Of a new answer. */
    std::unique_ptr<RunningGrammar> begin() const;

    /** What it takes to bring it to an end. */
    const std::shared_ptr<const CompletionCost> & completion() const { return completion_; }

  private:
    GrammarRules rules_;
    std::shared_ptr<const CompletionCost> completion_;
    std::shared_ptr<GrammarMasks> masks_;
};

}  // namespace banyan
