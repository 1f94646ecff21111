// The query rows of a unit: which token and head each is, what it sees, and their numbers in matrix registers.
#pragma once

#include "runner/cuda/attention-args.h"
#include "runner/cuda/numbers.h"
#include "runner/cuda/work-units.h"

namespace banyan::cuda {

struct QueryRow {
    int32_t token;   // row of q and out
    int32_t head;    // query head
    int32_t plan;    // token of the item, from its q0
    int32_t lo, hi;  // keys it sees, without the item's limits
};

BANYAN_DEVICE QueryRow query_row(const AttentionOp & op, const WorkItem & item, const Unit & unit, int row) {
    const int32_t packed = unit.row0 + row;
    const int32_t plan = packed / op.gqa();
    const TokenSpan & span = op.tokens()[item.q0 + plan];
    return {span.token, unit.head * op.gqa() + packed % op.gqa(), plan, span.lo, span.hi};
}

/** ALiBi's slope of a head, in base 2; as ggml computes it. */
BANYAN_DEVICE float alibi_slope(const AttentionOp & op, int32_t head) {
    const bool low = head < op.alibi_heads;
    const float base = low ? op.alibi_m0 : op.alibi_m1;
    const int32_t exponent = low ? head + 1 : 2 * (head - op.alibi_heads) + 1;
    return powf(base, static_cast<float>(exponent)) * kLog2e;
}

/** What a lane knows of one of its two query rows during the tile loop. */
struct RowState {
    int32_t lo, hi;  // keys it sees in this item
    int32_t own;     // its own position
    float slope;     // ALiBi
    float maximum;   // running, base 2
    float sum;       // of this lane's columns
};

BANYAN_DEVICE RowState row_state(const AttentionOp & op, const WorkItem & item, const Unit & unit, int row) {
    RowState state{item.k0, item.k1, 0, 0.0f, -INFINITY, 0.0f};
    if (row >= unit.n_rows) return state;  // a zero query: computed like the others, never written
    const QueryRow query = query_row(op, item, unit, row);
    state.lo = query.lo > item.k0 ? query.lo : item.k0;
    state.hi = query.hi < item.k1 ? query.hi : item.k1;
    state.own = query.hi - 1;
    if (op.max_bias != 0.0f) state.slope = alibi_slope(op, query.head);
    return state;
}

struct alignas(8) FloatPair {
    float low, high;
};

/**
 * All the block's warps write the unit's queries, scaled, as 16-bit numbers: kRows rows every `stride` bytes. A warp
 * reads several of its rows before it writes them: one at a time each would wait for memory.
 */
template <Number kNumber, int DK, int kRows, int kWarps, typename Warp>
BANYAN_DEVICE void store_queries(Warp & warp, char * to, int stride, const AttentionOp & op, const WorkItem & item,
                                 const Unit & unit) {
    // base 2 straight away, except where the softcap needs the plain argument of its tanh
    const float scale = op.softcap != 0.0f ? op.scale / op.softcap : op.scale * kLog2e;
    constexpr int kAtOnce = kRows / kWarps < 4 ? kRows / kWarps : 4;
    constexpr int kPairs = (DK / 2 + kLanes - 1) / kLanes;  // of a lane
    static_assert(kRows % (kWarps * kAtOnce) == 0);
    for (int first = warp.index; first < kRows; first += kWarps * kAtOnce) {
        const char * from[kAtOnce];
        BANYAN_UNROLL
        for (int i = 0; i < kAtOnce; ++i) {
            const int row = first + i * kWarps;
            from[i] = nullptr;
            if (row >= unit.n_rows) continue;
            const QueryRow query = query_row(op, item, unit, row);
            from[i] = op.q + query.token * op.q_token_stride + query.head * op.q_head_stride;
        }
        each_lane([&](int lane) {
            FloatPair x[kAtOnce][kPairs];
            BANYAN_UNROLL
            for (int i = 0; i < kAtOnce; ++i) {
                BANYAN_UNROLL
                for (int j = 0; j < kPairs; ++j) {
                    const int pair = j * kLanes + lane;
                    x[i][j] = {0.0f, 0.0f};
                    if (from[i] && pair < DK / 2) x[i][j] = reinterpret_cast<const FloatPair *>(from[i])[pair];
                }
            }
            BANYAN_UNROLL
            for (int i = 0; i < kAtOnce; ++i) {
                BANYAN_UNROLL
                for (int j = 0; j < kPairs; ++j) {
                    const int pair = j * kLanes + lane;
                    if (pair >= DK / 2) continue;
                    *reinterpret_cast<uint32_t *>(to + (first + i * kWarps) * stride + pair * 4) =
                        pack<kNumber>(x[i][j].low * scale, x[i][j].high * scale);
                }
            }
        });
    }
}

/** Addresses for load_matrices of 16 rows x 16 numbers: as A of a product, or (transposed) as two B of it. */
BANYAN_DEVICE PerLane<const char *> rows_then_columns(const char * at, int stride) {
    PerLane<const char *> rows;
    each_lane([&](int lane) { rows[lane] = at + (lane % 16) * stride + lane / 16 * 16; });
    return rows;
}

/** The same for 16 keys x 16 numbers of K as two B: keys 0-7 first. */
BANYAN_DEVICE PerLane<const char *> columns_then_rows(const char * at, int stride) {
    PerLane<const char *> rows;
    each_lane([&](int lane) { rows[lane] = at + (lane / 16 * 8 + lane % 8) * stride + lane / 8 % 2 * 16; });
    return rows;
}

}  // namespace banyan::cuda
