// Softmax sums that are put together: of key groups, of partial results, with a sink.
#pragma once

#include "runner/cuda/attention-args.h"
#include "runner/cuda/numbers.h"

namespace banyan::cuda {

/** Maximum (base 2), sum and the weight that a group's or part's unnormalised output gets under that maximum. */
struct Weights {
    float maximum = -INFINITY;
    float sum = 0.0f;
    BANYAN_DEVICE void add(float other_maximum, float other_sum) {
        const float next = fmaxf(maximum, other_maximum);
        if (next == -INFINITY) return;
        sum = sum * exp2_fast(maximum - next) + other_sum * exp2_fast(other_maximum - next);
        maximum = next;
    }
    BANYAN_DEVICE float of(float other_maximum) const {
        return other_maximum == -INFINITY ? 0.0f : exp2_fast(other_maximum - maximum);
    }
    /** An attention sink: a logit without a value. */
    BANYAN_DEVICE void add_sink(float logit) { add(logit * kLog2e, 1.0f); }
};

}  // namespace banyan::cuda
