// Why pages are written to a tier while the pool still has them.
#pragma once

#include <cstdint>

#include "core/words.h"

namespace banyan {

enum class StoreReason : uint8_t {
    fixed,       // system prompt and tools
    human,       // their program waits for a person
    parked,      // their program did not come back in time, or gave up its place
    durable,     // their session is journaled: it may go on in another process
    pressure,    // the pool is nearly full: they may be evicted soon
    used_again,  // a second request went on from them
    closing      // the engine is closed
};
template <>
struct Words<StoreReason> {
    static constexpr auto list =
        words("static", "waiting-for-human", "parked", "durable", "pressure", "used-again", "closing");
};

}  // namespace banyan
