// Where the pages of the pool and the saved states are, as tier-io copies them. The runner has them; tests have their
// own.
//
// Thread: the engine thread. Nothing throws: false is a device that failed, or a state that is not there.
#pragma once

#include "core/types.h"

namespace banyan {

class PoolMemory {
  public:
    virtual ~PoolMemory() = default;

    /** All bytes of a page, over all layers. */
    virtual bool read_page(PageId page, char * bytes) const = 0;
    virtual bool write_page(PageId page, const char * bytes) = 0;
    /** Of recurrent layers, after so many tokens of a path. */
    virtual bool read_state(StateId state, int32_t n_tokens, char * bytes) const = 0;
    virtual bool write_state(StateId state, int32_t n_tokens, const char * bytes) = 0;
};

}  // namespace banyan
