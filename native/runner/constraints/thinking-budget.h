// How long an answer may reason: once its tokens are used up, the tag that ends the reasoning is what comes next.
//
// Owns: the count and the text since the reasoning began. Changed by: accept, give_up. Thread: made anywhere, then the
// engine thread. Invariant: it counts text, not tokens of tags, so a vocabulary that splits them is no other case.
#pragma once

#include <string>
#include <vector>

#include "core/types.h"
#include "runner/grammars/reasoning-tags.h"

namespace banyan {

class ThinkingBudget {
  public:
    /** `closing`: the tokens of the end tag. limit >= 0. */
    ThinkingBudget(ReasoningTags tags, std::vector<Token> closing, int32_t limit);

    /** The token that must come next, -1 = any. */
    Token forced() const { return state_ == State::closing ? closing_[at_] : -1; }
    /** The forced token cannot stand here: nothing is forced any more. */
    void give_up() { state_ = State::over; }
    /** The piece of the token that came, special tokens spelt out. */
    void accept(const std::string & piece);

  private:
    enum class State : uint8_t { before, thinking, closing, over };

    ReasoningTags tags_;
    std::vector<Token> closing_;
    std::string text_;
    int32_t limit_, used_ = 0;
    size_t at_ = 0;
    State state_;
};

}  // namespace banyan
