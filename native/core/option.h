// Options that the TypeScript half passes: each struct names its fields once, with what they may be.
//
// A struct of options has a template `each_option(see)` that calls see(name, place, range) for every number (or array
// of numbers), and see(name, place) for every bool, text, enum with Words and struct of options. The names are those of
// the members; the TypeScript half writes them in camelCase. The parser fills the places, validate() looks at them, and
// the addon tells the ranges to TypeScript, which has none of its own: what is documented is what is enforced.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>

#include "core/types.h"
#include "core/words.h"

namespace banyan {

constexpr double kForever = HUGE_VAL;            // as the end of a span: kNever, Infinity in JavaScript
constexpr double kMostWhole = 9007199254740992;  // 2^53: JavaScript's whole numbers are exact up to here
constexpr double kMostId = kMostWhole - 1;
constexpr double kMostInt = INT32_MAX;

/** Where a number may lie, both ends included. */
struct Range {
    double min, max;
    bool has_none = false;  // `none` stands for "left out"
    double none = 0;
    bool power_of_two = false;

    constexpr Range or_none(double value) const { return {min, max, true, value, power_of_two}; }
    constexpr Range powers() const { return {min, max, has_none, none, true}; }

    /** "is in [1, 65536]". */
    std::string reason() const {
        char text[96];
        std::snprintf(text, sizeof text, "is in [%.17g, %.17g]", min, max);
        return text;
    }
};

/** The place of a span that the TypeScript half gives in milliseconds. */
struct MillisPlace {
    Micros & micros;
};

}  // namespace banyan
