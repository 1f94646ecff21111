// Records that leave the engine: each names its fields once.
//
// A record has a template `each_field(see) const` that calls see(name, value) for every field, in order; the names are
// those of the TypeScript half. What packs a record, makes an object of it or prints it walks this list and has none of
// its own. A value is a number, a bool, a text, an enum that has Words, Millis, or another record.
//
// Invariant: the names do not depend on the values, but for RuleCounts, which has one for each kind of decision, and
// ModelSampling, which has those that a file names.
#pragma once

#include <cmath>

#include "core/types.h"
#include "core/words.h"

namespace banyan {

/** A point or span of the clock that the TypeScript half reads in milliseconds; Infinity: never. */
struct Millis {
    Micros micros;

    double value() const { return micros >= kNever ? HUGE_VAL : static_cast<double>(micros) / 1000; }
};

}  // namespace banyan
