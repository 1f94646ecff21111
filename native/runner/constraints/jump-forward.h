// Tokens that an answer's grammar leaves no choice about: keys, marks, frames of calls.
//
// A run is found in bytes and made tokens as the model would have written them: those before it are tokenized again
// with it and must come out the same, and at its end tokens are left to the model that it could have chosen longer.
#pragma once

#include <functional>
#include <vector>

#include "core/types.h"
#include "core/words.h"
#include "runner/masks/blank-style.h"

namespace banyan {

class Model;
class RunningGrammar;

/** verify: forced tokens are drafts, checked as any others; force: they are appended, and no logits are computed. */
enum class JumpMode : uint8_t { off, verify, force };
template <>
struct Words<JumpMode> {
    static constexpr auto list = words("off", "verify", "force");
};

struct ForcedTokens {
    std::vector<Token> tokens;
    size_t n_sure = 0;  // the first of them: the others are likely, as the run may go on inside of them
};

/** What forced tokens are made of. */
struct JumpPlace {
    const Model & model;
    RunningGrammar & grammar;
    const BlankStyle & style;
    const std::vector<Token> & said;               // the last tokens of the answer, two at least if there are as many
    const std::function<bool(Token)> & preserved;  // a control token that the format writes
};

/**
 * guess: with the likely ones, for drafts; else those that are sure. Throws what llama.cpp throws for a text that it
 * cannot tokenize.
 */
ForcedTokens forced_tokens(const JumpPlace & place, bool guess);

}  // namespace banyan
