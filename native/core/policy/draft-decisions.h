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
    int32_t drafts, of_model, decode_rows;  // of_model: those of a second model
    double expected;                        // tokens of the step; 0: all drafts are checked, whatever that takes
    Micros with, without;                   // that the step takes with and without them
    Micros drafting;                        // that the second model took before it
    template <typename See>
    void each_field(See && see) const {
        see("drafts", drafts);
        see("ofModel", of_model);
        see("decodeRows", decode_rows);
        see("expectedTokens", expected);
        see("withMs", Millis{with});
        see("withoutMs", Millis{without});
        see("draftingMs", Millis{drafting});
    }
};

/** Drafts from texts, or those of a second model, cost more than they saved of late: none are checked for a while. */
struct DraftRest {
    static constexpr const char * kName = "draft_rest";
    int32_t steps;
    Micros saved;  // by all drafts so far; negative: lost
    bool model;    // those of the second model
    template <typename See>
    void each_field(See && see) const {
        see("steps", steps);
        see("savedMs", Millis{saved});
        see("model", model);
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
