// Decisions about tokens that come without a step of their own: drafts, and those that a grammar leaves no choice
// about.
#pragma once

#include <cstdint>

#include "core/record.h"
#include "core/types.h"

namespace banyan::decision {

/** A step of decodes checks tokens that requests may say next as well. */
struct Draft {
    static constexpr const char * kName = "draft";
    int32_t drafts, decode_rows;
    double expected;       // tokens of the step; 0: all drafts are checked, whatever that takes
    Micros with, without;  // that the step takes with and without them
    template <typename See>
    void each_field(See && see) const {
        see("drafts", drafts);
        see("decodeRows", decode_rows);
        see("expectedTokens", expected);
        see("withMs", Millis{with});
        see("withoutMs", Millis{without});
    }
};

/** Drafts cost more than they saved of late: none are checked for a while. */
struct DraftRest {
    static constexpr const char * kName = "draft_rest";
    int32_t steps;
    Micros saved;  // by all drafts so far; negative: lost
    template <typename See>
    void each_field(See && see) const {
        see("steps", steps);
        see("savedMs", Millis{saved});
    }
};

/** Tokens are appended to a request's output without being sampled. */
struct Jump {
    static constexpr const char * kName = "jump";
    int32_t tokens;
    template <typename See>
    void each_field(See && see) const {
        see("tokens", tokens);
    }
};

}  // namespace banyan::decision
