#if defined(__x86_64__)

#include "runner/attention/simd-avx512.h"

#include "runner/attention/kernel-unit.h"

BANYAN_ATTENTION_KERNEL(avx512)

#endif
