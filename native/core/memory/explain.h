// Why a prompt was not found in the cache further than it was.
#pragma once

#include <cstdint>

#include "core/record.h"

namespace banyan {

/** Where and why the longest cached prefix of a prompt ended. */
struct MissExplanation {
    int32_t matched = 0;  // tokens [0, matched) were in the tree, and need not be computed again
    int32_t prompt_tokens = 0;
    int32_t paged = 0;    // tokens [0, paged) were in the tree; more than `matched` only for want of a saved state
    Token expected = -1;  // what the tree held at `paged` (most recently used child), -1 = nothing
    int32_t kept = 0;     // tokens [0, kept) are in the tree or in a lower tier; 0: the tiers have nothing more
    Token actual = -1;    // what the prompt has there, -1 = the prompt ended
    enum class Reason : uint8_t {
        full_hit,        // the whole prompt was cached (its last token is computed again: its logits are needed)
        cold,            // nothing of this salt was cached
        diverged,        // something else was cached at `matched`
        evicted_or_new,  // the cached path ended at `matched`
        reuse_off,       // the model or the request does not take part in the cache
        on_host,         // the path goes on in this process's memory, beside the pool
        on_disk,
        no_state  // the pages go on, but the state of the recurrent layers was saved at `matched` last
    } reason = Reason::cold;

    template <typename See>
    void each_field(See && see) const {
        see("matched", matched);
        see("promptTokens", prompt_tokens);
        see("paged", paged);
        see("kept", kept);
        see("expected", expected);
        see("actual", actual);
        see("reason", reason);
    }
};
template <>
struct Words<MissExplanation::Reason> {
    static constexpr auto list =
        words("full-hit", "cold", "diverged", "evicted-or-new", "reuse-off", "on-host", "on-disk", "no-state");
};

}  // namespace banyan
