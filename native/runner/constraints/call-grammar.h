// The grammar of a format's calls, where the model is free to make none: it holds from the moment the model has begun
// one.
//
// Owns: the parsed rules. Changed by: nothing. Thread: any.
#pragma once

#include <memory>
#include <string>

#include "core/types.h"

struct llama_grammar;

namespace banyan {

class Model;

/** One call under way. */
class CallGuard {
  public:
    ~CallGuard();
    explicit CallGuard(llama_grammar * grammar);
    CallGuard(const CallGuard &) = delete;
    CallGuard & operator=(const CallGuard &) = delete;

    bool admits(Token token) const;
    /** Sets what the call cannot go on with to -infinity. False when that is everything. */
    bool mask(float * logits, int32_t n) const;
    void accept(Token token);

  private:
    std::unique_ptr<llama_grammar, void (*)(llama_grammar *)> grammar_;
};

class CallGrammar {
  public:
    /** Throws std::runtime_error for a grammar that does not parse. */
    CallGrammar(const Model & model, const std::string & gbnf);
    ~CallGrammar();
    CallGrammar(const CallGrammar &) = delete;
    CallGrammar & operator=(const CallGrammar &) = delete;

    /** What follows `begun`; null when no call begins like that. */
    std::unique_ptr<CallGuard> follow(const std::string & begun) const;

  private:
    std::unique_ptr<llama_grammar, void (*)(llama_grammar *)> rules_;
};

}  // namespace banyan
