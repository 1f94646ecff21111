// The grammar of one answer: where it stands, and which tokens may come there.
//
// Owns: a copy of the grammar's state. Changed by: accept. Thread: made anywhere, then the engine thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/types.h"
#include "runner/masks/grammar-masks.h"

struct llama_grammar;
struct llama_vocab;

namespace banyan {

using GrammarRules = std::unique_ptr<llama_grammar, void (*)(llama_grammar *)>;

/** Those of GBNF, at the beginning of `root`. Throws std::runtime_error for a grammar that does not parse. */
GrammarRules read_rules(const llama_vocab * vocab, const std::string & gbnf);

class RunningGrammar {
  public:
    /** A copy of `from`, of which `masks` are. */
    RunningGrammar(const llama_grammar & from, std::shared_ptr<GrammarMasks> masks);
    ~RunningGrammar();
    RunningGrammar(const RunningGrammar &) = delete;
    RunningGrammar & operator=(const RunningGrammar &) = delete;

    /** Each throws what llama.cpp throws for a grammar with too many ways to go on from here. */
    bool admits(Token token) const;
    /** Sets the logits, [vocab], of what it does not admit to -infinity. False when that is everything. */
    bool refuse(float * logits);
    /** What must be written next, see GrammarMasks. */
    std::string forced(const BlankStyle & style, bool guess);
    /** A token that it admits, no end token. */
    void accept(Token token);

    llama_grammar & state() const { return *state_; }

  private:
    GrammarRules state_;
    std::shared_ptr<GrammarMasks> masks_;
    std::optional<ElementNumbers> numbers_;  // once they are asked for
};

}  // namespace banyan
