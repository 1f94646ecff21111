// The attention plan for a GPU: how finely to cut, and the bound on partial results that memory is reserved for.
//
// Pure: no CUDA, no ggml. The same planner and the same descriptor as on the CPU, other numbers.
#pragma once

#include "runner/kv/attention-plan.h"

namespace banyan {

/** `base` with the cuts that suit a device of n_processors multiprocessors. */
PlanConfig device_plan_config(PlanConfig base, int32_t n_processors);

/** Partial results that a launch for n_tokens has room for. Depends on shapes only, so that captured graphs stay valid.
 */
inline int64_t device_max_parts(int64_t n_tokens) {
    return 2 * n_tokens + (6 * n_tokens < 2048 ? 6 * n_tokens : 2048) + 512;
}

}  // namespace banyan
