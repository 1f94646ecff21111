#if defined(__x86_64__)

#include "runner/attention/simd-avx2.h"

#include "runner/attention/kernel-unit.h"

BANYAN_ATTENTION_KERNEL(avx2)

#endif
