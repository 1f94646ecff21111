// The grammar of a format's calls, where the model is free to make none: it holds from the moment the model has begun
// one.
//
// Owns: the parsed rules. Changed by: nothing. Thread: any.
#pragma once

#include <memory>
#include <string>

#include "runner/masks/running-grammar.h"

namespace banyan {

class Model;

class CallGrammar {
  public:
    /** Throws std::runtime_error for a grammar that does not parse. */
    CallGrammar(const Model & model, const std::string & gbnf);
    ~CallGrammar();
    CallGrammar(const CallGrammar &) = delete;
    CallGrammar & operator=(const CallGrammar &) = delete;

    /** What follows `begun`; null when no call begins like that. */
    std::unique_ptr<RunningGrammar> follow(const std::string & begun) const;

  private:
    GrammarRules rules_;
    std::shared_ptr<GrammarMasks> masks_;
};

}  // namespace banyan
