// Characters in a few dozen kinds, so that a set of them is one number: letters and digits, each mark by itself, others
// by their size. A grammar that tells characters of a kind apart only loses time.
//
// Thread: any; no state.
#pragma once

#include <algorithm>
#include <cstdint>

namespace banyan {

/** A bit for each kind. */
using CharacterKinds = uint64_t;

constexpr CharacterKinds kAllKinds = ~CharacterKinds{0};

/** Of one below 0x80: 0 lower-case letters, 1 upper-case ones, 2 digits, 3 control characters, from 4 on each mark. */
constexpr int kind_of_ascii(uint32_t c) {
    if (c >= 'a' && c <= 'z') return 0;
    if (c >= 'A' && c <= 'Z') return 1;
    if (c >= '0' && c <= '9') return 2;
    if (c < ' ' || c == 0x7F) return 3;
    const int letters_and_digits = 10 * (c > '9') + 26 * (c > 'Z') + 26 * (c > 'z');
    return 4 + static_cast<int>(c - ' ') - letters_and_digits;
}

/** From 0x80 on: by the number of bits. */
constexpr int kind_of_wide(uint32_t c) {
    int bits = 0;
    for (; c > 0; c >>= 1) ++bits;
    return kind_of_ascii('~') + bits - 7;
}

/** Kinds of the characters [low, high]. */
constexpr CharacterKinds kinds_of(uint32_t low, uint32_t high) {
    CharacterKinds kinds = 0;
    for (uint32_t c = low; c <= high && c < 0x80; ++c) kinds |= CharacterKinds{1} << kind_of_ascii(c);
    if (high < 0x80) return kinds;
    constexpr uint32_t kLast = 0x10FFFF;
    const uint32_t first = std::min(std::max(low, uint32_t{0x80}), kLast), last = std::min(high, kLast);
    for (int kind = kind_of_wide(first); kind <= kind_of_wide(last); ++kind) kinds |= CharacterKinds{1} << kind;
    return kinds;
}

static_assert(kind_of_wide(0x80) == kind_of_ascii('~') + 1 && kind_of_wide(0x10FFFF) < 64);
static_assert(kinds_of(0, 0x10FFFF) == (CharacterKinds{1} << (kind_of_wide(0x10FFFF) + 1)) - 1);

}  // namespace banyan
