// The end of a unit: its key groups' results become one, written as the answer or as a partial result.
#pragma once

#include "runner/cuda/query-rows.h"
#include "runner/cuda/weights.h"

namespace banyan::cuda {

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
        const int64_t place = (whole ? query.token : part) * static_cast<int64_t>(op.n_head) + query.head;
        Weights norm = all;
        if (whole && op.sinks) norm.add_sink(op.sinks[query.head]);
        const float scale = !whole ? 1.0f : norm.sum > 0.0f ? norm.of(maximum) / norm.sum : 0.0f;
        const bool room = whole || part < op.max_parts;  // the planner keeps its limit; never write past the end
        each_lane([&](int lane) {
            for (int column = lane * 4; room && column < Shape::kDV; column += kLanes * 4) {
                Four value{};
                BANYAN_UNROLL
                for (int group = 0; group < kGroups; ++group) {
                    const int from = group * kRowBlocks * 16 + row;
                    const float weight = all.of(sums[2 * from]) * scale;
                    const Four out = *reinterpret_cast<const Four *>(memory + from * Shape::kStrideOut + column * 4);
                    BANYAN_UNROLL
                    for (int i = 0; i < 4; ++i) value.x[i] += weight * out.x[i];
                }
                *reinterpret_cast<Four *>((whole ? op.out : op.part_out) + place * Shape::kDV + column) = value;
            }
            if (!whole && room && lane == 0) {
                op.part_sums[2 * place] = all.maximum;
                op.part_sums[2 * place + 1] = all.sum;
            }
        });
    }
}

}  // namespace banyan::cuda
