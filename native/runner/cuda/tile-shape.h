// Compile-time shape of a kernel: warps, tile of keys, what lies where in shared memory.
//
// A block's warps are arranged, per unit, as row blocks (16 query rows each) x slices (of DV) x key groups. With one
// row block every warp streams its own keys and only meets the others at the end; with four, all share each key tile.
//
//   [stage 0: K tile | V tile][stage 1 ...][Q][logits exchange]
//
// K and V rows are padded by 16 bytes, which makes the row stride an odd number of 16-byte chunks: no bank conflicts.
// After the last tile the front is reused for the sums and outputs of the key groups.
#pragma once

#include "runner/cuda/lane.h"

namespace banyan::cuda {

template <int DK, int DV, int Warps, int Slices, int Tile, int Stages, int MaxRowBlocks, bool ValuesInKeys,
          int MinBlocks>
struct TileShape {
    static constexpr int kDK = DK;
    static constexpr int kDV = DV;
    static constexpr int kWarps = Warps;
    static constexpr int kSlices = Slices;  // warps that share a row block's output columns
    static constexpr int kTile = Tile;      // keys of a block's step
    static constexpr int kStages = Stages;  // 2: K and V of the next tile load during this one; 1: the other side does
    static constexpr int kMaxRowBlocks = MaxRowBlocks;
    static constexpr int kRows = MaxRowBlocks * 16;      // query rows of a unit
    static constexpr bool kValuesInKeys = ValuesInKeys;  // V is the first DV numbers of K (MLA)
    static constexpr int kMinBlocks = MinBlocks;         // on a multiprocessor, for the register budget
    static constexpr int kThreads = Warps * kLanes;
    static constexpr int kOwnKeys = Tile / Warps;  // keys of a tile that one warp loads
    static constexpr bool kQueriesInRegisters = DK <= 128;

    static constexpr int kStrideK = (DK + 8) * 2;
    static constexpr int kStrideV = ValuesInKeys ? kStrideK : (DV + 8) * 2;
    static constexpr int kBytesK = Tile * kStrideK;
    static constexpr int kBytesV = ValuesInKeys ? 0 : Tile * kStrideV;
    static constexpr int kStage = kBytesK + kBytesV;
    static constexpr int kBytesQ = kRows * kStrideK;
    /** Queries that end in registers pass through memory that the first tile's copies do not use yet. */
    static constexpr int kOffsetQ = !kQueriesInRegisters ? Stages * kStage : Stages == 2 ? kStage : kBytesK;
    static constexpr int kOffsetLogits = kOffsetQ + kBytesQ;
    static constexpr int kStrideLogits = (Tile + 8) * 4;
    static constexpr int kBytesLogits = Slices > 1 ? kRows * kStrideLogits : 0;
    static constexpr int kOutRows = Warps / Slices * 16;  // (key group, query row) pairs of a unit
    static constexpr int kStrideOut = (DV + 8) * 4;
    static constexpr int kOffsetSums = kOutRows * kStrideOut;

    static constexpr int kBytesLoop = kQueriesInRegisters ? Stages * kStage : kOffsetLogits + kBytesLogits;
    static constexpr int kBytesEnd = kOffsetSums + kOutRows * 8;
    static constexpr int kBytes = kBytesLoop > kBytesEnd ? kBytesLoop : kBytesEnd;

    static_assert(DK % 16 == 0 && DV % (16 * Slices) == 0 && Tile % (16 * Slices) == 0);
    static_assert(!kQueriesInRegisters || kOffsetQ + kBytesQ <= kBytesLoop, "queries pass through the second buffer");
    static_assert(Slices == 1 || MaxRowBlocks * Slices == Warps, "slices and key groups are not combined");
};

/** Blocks a multiprocessor should hold: what registers allow without spills that matter. */
constexpr int blocks_for(int dk) {
    return dk <= 64 ? 4 : dk <= 96 ? 3 : 2;
}

/** For devices with >= 160 KiB of shared memory a multiprocessor (A100, H100, B100): both sides of a tile in flight. */
template <int DK, int DV>
struct LargeShape : TileShape<DK, DV, 4, 1, 64, (DK <= 128 ? 2 : 1), 4, false, blocks_for(DK)> {};
template <>
struct LargeShape<576, 512> : TileShape<576, 512, 8, 4, 64, 2, 2, true, 1> {};

/** For the others (Turing 64 KiB, GeForce 100 KiB). */
template <int DK, int DV>
struct CompactShape : TileShape<DK, DV, 4, 1, 64, 1, 4, false, (DK <= 128 ? 2 : 1)> {};
template <>
struct CompactShape<576, 512> : TileShape<576, 512, 4, 4, 64, 1, 1, true, 1> {};

/** The large heads on Turing. */
template <int DK, int DV>
struct SmallShape : TileShape<DK, DV, 2, 1, 32, 1, 2, false, 1> {};

}  // namespace banyan::cuda
