#include "runner/attention/simd-portable.h"

#include "runner/attention/kernel-unit.h"

BANYAN_ATTENTION_KERNEL(portable)
