// A copy of a recurrent state that a step needs before or after its rows: the plain record from scheduler to runner.
#pragma once

#include "core/types.h"

namespace banyan {

/**
 * Between a slot and a saved state of its recurrent layers, all of them. The slot that is saved holds the state after
 * exactly n_tokens tokens; so does the slot that is loaded, from then on.
 */
struct StateCopy {
    SlotId slot;
    StateId state;
    int32_t n_tokens;
};

}  // namespace banyan
