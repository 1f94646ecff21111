#if defined(__aarch64__)

#include "runner/attention/simd-neon.h"

#include "runner/attention/kernel-unit.h"

BANYAN_ATTENTION_KERNEL(neon)

#endif
