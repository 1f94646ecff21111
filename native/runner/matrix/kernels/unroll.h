// Loops that are written out, so that arrays which they index stay in registers. Internal linkage, as in kernel.h.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#define INLINE __attribute__((always_inline)) static inline
#define INLINE_WORK __attribute__((always_inline))

namespace banyan {
namespace {

template <typename Work, int32_t... i>
INLINE void each_of(std::integer_sequence<int32_t, i...>, Work work) {
    (work(std::integral_constant<int32_t, i>()), ...);
}

/** work(0) ... work(n - 1), of constants. */
template <int32_t n, typename Work>
INLINE void each(Work work) {
    each_of(std::make_integer_sequence<int32_t, n>(), work);
}

}  // namespace
}  // namespace banyan
