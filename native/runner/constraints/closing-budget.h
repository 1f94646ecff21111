// Lets an answer under a grammar end before its tokens do: near the limit only tokens count that leave enough of them
// to bring the grammar to an end.
//
// Owns: the count of tokens. Changed by: accept, instead_of. Thread: made anywhere, then the engine thread. Invariant:
// an answer that could be closed within its tokens before a token can be closed after it.
#pragma once

#include <memory>
#include <vector>

#include "core/types.h"
#include "runner/constraints/completion-cost.h"

namespace banyan {

class Model;
class RunningGrammar;

class ClosingBudget {
  public:
    /** `grammar`: that of this answer, which others advance; it outlives this. max_tokens >= 1. */
    ClosingBudget(std::shared_ptr<const Model> model, std::shared_ptr<const CompletionCost> cost,
                  RunningGrammar & grammar, int32_t max_tokens);

    /** After `token`, which the grammar admits, the answer can still be closed; or it could not before it either. */
    bool allows(Token token);
    /**
     * The likeliest token that `allows` allows, by [vocab] logits, in place of one that it does not; an end token, or
     * -1 where there is none, when the grammar is complete and nothing else is left.
     */
    Token instead_of(Token token, const float * logits);
    /** The grammar's state is now behind this token. */
    void accept(Token token);

    /** The answer is a whole one although no end token came: it was made to close, or only blanks could follow. */
    bool whole() const;
    /** It was made to close: its last value may be shorter than the model would have made it. */
    bool steered() const { return steered_; }

  private:
    struct Ends {
        int32_t least, most;  // over the places where the grammar may stand
    };
    Ends ends() const;
    bool closes(Token token) const;
    bool complete() const;

    std::shared_ptr<const Model> model_;
    std::shared_ptr<const CompletionCost> cost_;
    RunningGrammar & grammar_;
    int32_t left_;
    int32_t bound_ = CompletionCost::kNever;  // >= ends().most
    bool steered_ = false;
};

}  // namespace banyan
