// Where the KV of a page is, nearest first.
#pragma once

#include <array>
#include <cstdint>

#include "core/words.h"

namespace banyan {

enum class Tier : uint8_t {
    device,  // in the pool: ready to be attended to
    host,    // in this process's memory, beside the pool
    disk
};
constexpr int kTiers = 3;
template <>
struct Words<Tier> {
    static constexpr auto list = words("device", "host", "disk");
};

/** One value a tier. */
template <typename T>
struct PerTier : std::array<T, kTiers> {
    T & operator[](Tier tier) { return std::array<T, kTiers>::operator[](static_cast<size_t>(tier)); }
    const T & operator[](Tier tier) const { return std::array<T, kTiers>::operator[](static_cast<size_t>(tier)); }

    template <typename See>
    void each_field(See && see) const {
        for (size_t tier = 0; tier < kTiers; ++tier) see(word_of(static_cast<Tier>(tier)), this->at(tier));
    }
};

}  // namespace banyan
