// The text that must come next under a grammar: as long as one character alone may follow.
#pragma once

#include <cstdint>
#include <string>

#include "runner/masks/blank-style.h"
#include "runner/masks/grammar-places.h"

namespace banyan {

/**
 * From this place; '' where there is a choice, where the text may end, or where finding out is too much work. Blanks
 * that may stand between two marks are a choice, too, which `style` decides; guess: also where it knows none, so that
 * the text is only likely. At most kMostForced bytes.
 */
std::string forced_run(GrammarPlaces & places, int32_t place, BlankStyle style, bool guess);

constexpr size_t kMostForced = 256;

}  // namespace banyan
