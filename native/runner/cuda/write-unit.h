// The end of a unit: its key groups' results become one, written as the answer or as a partial result.
#pragma once

#include "runner/cuda/query-rows.h"

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

/** Shared memory as UnitAttention::finish leaves it: kGroups x kRowBlocks * 16 rows of DV outputs, then the sums. */
template <class Shape, int kGroups, int kRowBlocks, typename Warp>
BANYAN_DEVICE void write_unit(Warp & warp, const char * memory, const AttentionOp & op, const WorkItem & item,
                              const Unit & unit) {
    for (int row = warp.index; row < unit.n_rows; row += Shape::kWarps) {
        const QueryRow query = query_row(op, item, unit, row);
        const float * sums = reinterpret_cast<const float *>(memory + Shape::kOffsetSums);
        Weights all;
        BANYAN_UNROLL
        for (int group = 0; group < kGroups; ++group) {
            const float * pair = sums + 2 * (group * kRowBlocks * 16 + row);
            all.add(pair[0], pair[1]);
        }
        const float maximum = all.maximum;
        const bool whole = item.part < 0;
        const int32_t part = item.part + query.plan;
        if (!whole && part >= op.max_parts) continue;  // the planner's limit was not kept: never write past the end
        const int64_t place = (whole ? query.token : part) * static_cast<int64_t>(op.n_head) + query.head;
        Weights norm = all;
        if (whole && op.sinks) norm.add_sink(op.sinks[query.head]);
        const float scale = !whole ? 1.0f : norm.sum > 0.0f ? norm.of(maximum) / norm.sum : 0.0f;
        each_lane([&](int lane) {
            for (int column = lane * 4; column < Shape::kDV; column += kLanes * 4) {
                float value[4] = {0.0f, 0.0f, 0.0f, 0.0f};
                BANYAN_UNROLL
                for (int group = 0; group < kGroups; ++group) {
                    const int from = group * kRowBlocks * 16 + row;
                    const float weight = all.of(sums[2 * from]) * scale;
                    const float * out = reinterpret_cast<const float *>(memory + from * Shape::kStrideOut) + column;
                    BANYAN_UNROLL
                    for (int i = 0; i < 4; ++i) value[i] += weight * out[i];
                }
                float * to = (whole ? op.out : op.part_out) + place * Shape::kDV + column;
                BANYAN_UNROLL
                for (int i = 0; i < 4; ++i) to[i] = value[i];
            }
            if (!whole && lane == 0) {
                op.part_sums[2 * place] = all.maximum;
                op.part_sums[2 * place + 1] = all.sum;
            }
        });
    }
}

}  // namespace banyan::cuda
