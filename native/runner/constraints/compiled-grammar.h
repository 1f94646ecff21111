// A grammar parsed once, for any number of requests: each begins with a copy of the parsed rules.
//
// Owns: the parsed rules. Changed by: nothing. Thread: any.
#pragma once

#include <memory>
#include <string>

struct common_params_sampling;
struct common_sampler;
struct llama_grammar;

namespace banyan {

class CompletionCost;
class GrammarMasks;
class Model;
class RunningGrammar;

class CompiledGrammar {
  public:
    /** A caller's GBNF. Throws Error INVALID_GRAMMAR. */
    static std::shared_ptr<const CompiledGrammar> parse(const Model & model, const std::string & gbnf);

    /**
     * The grammar of `params` with its triggers, past what the generation prompt has already said. Throws what
     * llama.cpp throws for one that does not parse.
     */
    CompiledGrammar(const Model & model, common_params_sampling params);
    ~CompiledGrammar();
    CompiledGrammar(const CompiledGrammar &) = delete;
    CompiledGrammar & operator=(const CompiledGrammar &) = delete;

    /** Where every answer begins. */
    const llama_grammar & rules() const;
    /** Of a new answer. */
    std::unique_ptr<RunningGrammar> begin() const;

    /** What it takes to bring it to an end; null: it is no grammar from the first token on. */
    const std::shared_ptr<const CompletionCost> & completion() const { return completion_; }

  private:
    std::shared_ptr<const CompletionCost> completion_;
    std::unique_ptr<common_sampler, void (*)(common_sampler *)> holder_;
    std::shared_ptr<GrammarMasks> masks_;
};

}  // namespace banyan
