// What the kernels of x86 ask of memory while they multiply. Internal linkage, as in kernel.h.
#pragma once

#include <immintrin.h>

#include "runner/matrix/kernels/kernel.h"

namespace banyan {

/**
 * Bytes between what is multiplied and what is asked of memory, into the second cache: the first one waits for too few
 * lines at a time.
 */
constexpr size_t kAhead = 8192;

template <PanelType type>
static void prefetch(const uint8_t * block) {
    for (size_t c = 0; c < block_bytes(type); c += 64) {
        _mm_prefetch(reinterpret_cast<const char *>(block + kAhead + c), _MM_HINT_T1);
    }
}

}  // namespace banyan
