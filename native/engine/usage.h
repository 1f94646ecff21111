// The scheduler's record of one request, as its owner gets it.
#pragma once

#include "engine/event.h"

namespace banyan {

/** `ended`: when the request ended, on the scheduler's clock. */
Usage usage_of(const RequestUsage & usage, Micros ended);

}  // namespace banyan
