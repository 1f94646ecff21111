// Events as bytes: one buffer a step goes to JavaScript. The format is in README.md; src/native/events.ts reads it.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/event.h"

namespace banyan {

/** Appends one record. */
void pack(const Event & event, std::vector<uint8_t> & out);

}  // namespace banyan
