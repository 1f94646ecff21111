// The words of an enum, once: what the TypeScript half, the logs and the sentences call its values.
#pragma once

#include <array>
#include <cstddef>

namespace banyan {

/** Specialised beside an enum whose values count from 0: `list` has a word for each, in their order. */
template <typename Enum>
struct Words;

template <typename... Text>
constexpr std::array<const char *, sizeof...(Text)> words(Text... text) {
    return {text...};
}

template <typename Enum>
constexpr const char * word_of(Enum value) {
    return Words<Enum>::list[static_cast<size_t>(value)];
}

}  // namespace banyan
