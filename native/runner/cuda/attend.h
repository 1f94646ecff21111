// A block's share of an op: its units of the persistent grid, each with the arrangement of warps that suits its rows.
#pragma once

#include "runner/cuda/attend-unit.h"

namespace banyan::cuda {

/** A block's share of the op, unit after unit. */
template <class Shape, KvType kType, typename Warp>
BANYAN_DEVICE void attend(Warp & warp, char * memory, const AttentionOp & op, int block, int n_blocks) {
    const UnitGrid grid = unit_grid(op.header(), op.n_head_kv, op.gqa(), Shape::kRows);
    const int n_turns = (grid.n_units + n_blocks - 1) / n_blocks;
    for (int turn = 0; turn < n_turns; ++turn) {
        const int number = unit_of_turn(turn, n_turns, block, n_blocks);
        if (number >= grid.n_units) continue;
        const Unit unit = unit_at(grid, op.items(), number);
        if (unit.n_rows <= 0) continue;
        const int row_blocks = Shape::kSlices > 1 ? Shape::kMaxRowBlocks : row_blocks_for(unit.n_rows);
        if constexpr (Shape::kMaxRowBlocks >= 4) {
            if (row_blocks == 4) UnitAttention<Shape, kType, 4, Warp>(warp, memory, op, unit).run();
        }
        if constexpr (Shape::kMaxRowBlocks >= 2) {
            if (row_blocks == 2) UnitAttention<Shape, kType, 2, Warp>(warp, memory, op, unit).run();
        }
        if constexpr (Shape::kSlices == 1 || Shape::kMaxRowBlocks == 1) {
            if (row_blocks == 1) UnitAttention<Shape, kType, 1, Warp>(warp, memory, op, unit).run();
        }
    }
}

}  // namespace banyan::cuda
