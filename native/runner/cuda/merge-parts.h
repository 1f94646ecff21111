// Tokens whose keys were cut into several items: their partial results become the answer (log-sum-exp).
#pragma once

#include "runner/cuda/write-unit.h"

namespace banyan::cuda {

/** One warp: plan token and query head. Tokens with one item were answered in place and have no parts. */
template <typename Warp>
BANYAN_DEVICE void merge_parts(Warp & /*warp*/, const AttentionOp & op, int dv, int plan_token, int head) {
    const DescriptorHeader & header = op.header();
    if (plan_token >= header.n_tokens) return;
    const int32_t * bounds = op.descriptor + header.part_ptr + plan_token;
    const int32_t * parts = op.descriptor + header.part_idx;
    if (bounds[0] == bounds[1]) return;
    Weights all;
    for (int i = bounds[0]; i < bounds[1]; ++i) {
        const float * sums = op.part_sums + 2 * (static_cast<int64_t>(parts[i]) * op.n_head + head);
        if (parts[i] < op.max_parts) all.add(sums[0], sums[1]);
    }
    if (op.sinks) all.add_sink(op.sinks[head]);
    const float scale = all.sum > 0.0f ? 1.0f / all.sum : 0.0f;
    const int32_t token = op.tokens()[plan_token].token;
    each_lane([&](int lane) {
        for (int column = lane * 4; column < dv; column += kLanes * 4) {
            float value[4] = {0.0f, 0.0f, 0.0f, 0.0f};
            for (int i = bounds[0]; i < bounds[1]; ++i) {
                if (parts[i] >= op.max_parts) continue;
                const int64_t place = static_cast<int64_t>(parts[i]) * op.n_head + head;
                const float weight = all.of(op.part_sums[2 * place]) * scale;
                const float * from = op.part_out + place * dv + column;
                BANYAN_UNROLL
                for (int j = 0; j < 4; ++j) value[j] += weight * from[j];
            }
            float * to = op.out + (static_cast<int64_t>(token) * op.n_head + head) * dv + column;
            BANYAN_UNROLL
            for (int j = 0; j < 4; ++j) to[j] = value[j];
        }
    });
}

}  // namespace banyan::cuda
