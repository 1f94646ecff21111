// One unit of attention: a block streams the unit's keys and values from the pages through shared memory.
//
// Per tile: S = Q K^T on the matrix units, softcap, ALiBi and visibility in f32, online softmax in base 2, O += P V.
// Row blocks of 16 packed query rows; kRowBlocks of them share each key tile, kGroups key groups share the tile's keys.
#pragma once

#include "runner/cuda/kv-tile.h"
#include "runner/cuda/query-rows.h"
#include "runner/cuda/tile-shape.h"
#include "runner/cuda/write-unit.h"

namespace banyan::cuda {

template <class Shape, KvType kType, int kRowBlocks, typename Warp>
class UnitAttention {
    static constexpr Number kNumber = number_of<kType>();
    static constexpr int kGroups = Shape::kWarps / Shape::kSlices / kRowBlocks;
    static constexpr int kGroupWarps = kRowBlocks * Shape::kSlices;
    static constexpr int kKeys = Shape::kTile / kGroups;          // of a group, per tile
    static constexpr int kSliceKeys = kKeys / Shape::kSlices;     // whose logits one warp computes
    static constexpr int kColumns = Shape::kDV / Shape::kSlices;  // of the output, per warp
    static constexpr int kQueryParts = Shape::kDK / 16;

  public:
    BANYAN_DEVICE UnitAttention(Warp & warp, char * memory, const AttentionOp & op, const Unit & unit)
        : warp_(warp),
          memory_(memory),
          op_(op),
          unit_(unit),
          item_(op.items()[unit.item]),
          pages_(op.descriptor + item_.pages),
          page_tokens_(op.header().page_tokens),
          row_block_(warp.index % kRowBlocks),
          slice_(warp.index / kRowBlocks % Shape::kSlices),
          group_(warp.index / kGroupWarps),
          n_tiles_((item_.k1 - item_.k0 + Shape::kTile - 1) / Shape::kTile) {}

    BANYAN_DEVICE void run() {
        PerLane<int> cells = cells_of(0);
        load_keys(0, cells);
        if constexpr (Shape::kStages == 2) load_values(0, cells);
        warp_.commit_copies();
        start_rows();
        if constexpr (Shape::kStages == 2) {
            cells = cells_of(1);
            load_tile(1, cells);
            for (int tile = 0; tile < n_tiles_; ++tile) {
                cells = cells_of(tile + 2);  // before the wait: the page list's latency hides behind it
                warp_.template wait_copies<1>();
                sync();
                logits(tile % 2);
                soften(tile);
                accumulate(tile % 2);
                sync();
                load_tile(tile + 2, cells);
            }
        } else {
            for (int tile = 0; tile < n_tiles_; ++tile) {
                if constexpr (!Shape::kValuesInKeys) load_values(tile, cells);
                warp_.commit_copies();
                cells = cells_of(tile + 1);
                if constexpr (Shape::kValuesInKeys)
                    warp_.template wait_copies<0>();
                else
                    warp_.template wait_copies<1>();
                sync();
                logits(0);
                if constexpr (!Shape::kValuesInKeys) {
                    sync();  // the keys are read: the next ones may come
                    load_keys(tile + 1, cells);
                    warp_.commit_copies();
                    soften(tile);
                    warp_.template wait_copies<1>();
                    sync();
                    accumulate(0);
                    sync();
                } else {
                    soften(tile);
                    accumulate(0);
                    sync();
                    load_keys(tile + 1, cells);
                    warp_.commit_copies();
                }
            }
        }
        finish();
    }

  private:
    BANYAN_DEVICE void sync() { warp_.template sync_group<kGroupWarps, kGroups>(group_); }

    /** Cells of the keys that this warp loads of a tile; past the item's end the last key again (it is masked). */
    BANYAN_DEVICE PerLane<int> cells_of(int tile) {
        PerLane<int> cells;
        const int first = item_.k0 + tile * Shape::kTile + warp_.index * Shape::kOwnKeys;
        each_lane([&](int lane) {
            const int position = first + lane % Shape::kOwnKeys;
            cells[lane] = cell_of(pages_, item_.k_base, page_tokens_, position < item_.k1 ? position : item_.k1 - 1);
        });
        return cells;
    }

    BANYAN_DEVICE void load_keys(int tile, const PerLane<int> & cells) {
        if (tile >= n_tiles_) return;
        char * to = memory_ + (Shape::kStages == 2 ? tile % 2 * Shape::kStage : 0) +
                    warp_.index * Shape::kOwnKeys * Shape::kStrideK;
        load_rows<kType, Shape::kDK, Shape::kOwnKeys>(warp_, to, Shape::kStrideK, op_.k, unit_.head, cells);
    }

    BANYAN_DEVICE void load_values(int tile, const PerLane<int> & cells) {
        if (Shape::kValuesInKeys || tile >= n_tiles_) return;
        char * to = memory_ + (Shape::kStages == 2 ? tile % 2 * Shape::kStage : 0) + Shape::kBytesK +
                    warp_.index * Shape::kOwnKeys * Shape::kStrideV;
        load_rows<kType, Shape::kDV, Shape::kOwnKeys>(warp_, to, Shape::kStrideV, op_.v, unit_.head, cells);
    }

    BANYAN_DEVICE void load_tile(int tile, const PerLane<int> & cells) {
        load_keys(tile, cells);
        load_values(tile, cells);
        warp_.commit_copies();
    }

    BANYAN_DEVICE void start_rows() {
        char * queries = memory_ + Shape::kOffsetQ;
        store_queries<kNumber, Shape::kDK, kRowBlocks * 16, Shape::kWarps>(warp_, queries, Shape::kStrideK, op_, item_,
                                                                           unit_);
        each_lane([&](int lane) {
            BANYAN_UNROLL
            for (int half = 0; half < 2; ++half) {
                rows_[half][lane] = row_state(op_, item_, unit_, row_block_ * 16 + half * 8 + lane / 4);
            }
        });
        common_lo_ = common(true);
        common_hi_ = common(false);
        BANYAN_UNROLL
        for (int i = 0; i < kColumns / 8; ++i) each_lane([&](int lane) { out_[i][lane] = FragC{}; });
        warp_.sync_block();
        if constexpr (Shape::kQueriesInRegisters) {
            BANYAN_UNROLL
            for (int part = 0; part < kQueryParts; ++part) load_query(queries_[part], part);
            warp_.sync_block();
        }
    }

    /** The keys [lo, hi) that every row of the row block sees. */
    BANYAN_DEVICE int32_t common(bool lo) {
        PerLane<int32_t> limit;
        each_lane([&](int lane) {
            const RowState & a = rows_[0][lane];
            const RowState & b = rows_[1][lane];
            limit[lane] = lo ? (a.lo > b.lo ? a.lo : b.lo) : (a.hi < b.hi ? a.hi : b.hi);
        });
        for (int mask = 4; mask < kLanes; mask *= 2) {
            const PerLane<int32_t> other = warp_.shuffle_xor(limit, mask);
            each_lane([&](int lane) {
                const bool take = lo ? other[lane] > limit[lane] : other[lane] < limit[lane];
                if (take) limit[lane] = other[lane];
            });
        }
        int32_t result = 0;
        each_lane([&](int lane) { result = limit[lane]; });
        return result;
    }

    BANYAN_DEVICE void load_query(PerLane<FragA> & to, int part) {
        const char * at = memory_ + Shape::kOffsetQ + row_block_ * 16 * Shape::kStrideK + part * 32;
        warp_.load_matrices(to, rows_then_columns(at, Shape::kStrideK));
    }

    /** S of this warp's row block and its group's keys. With slices each warp computes a part, and they exchange. */
    BANYAN_DEVICE void logits(int stage) {
        PerLane<FragC> own[kSliceKeys / 8];
        BANYAN_UNROLL
        for (int i = 0; i < kSliceKeys / 8; ++i) each_lane([&](int lane) { own[i][lane] = FragC{}; });
        const char * keys = memory_ + stage * Shape::kStage + (group_ * kKeys + slice_ * kSliceKeys) * Shape::kStrideK;
        BANYAN_UNROLL
        for (int part = 0; part < kQueryParts; ++part) {
            PerLane<FragA> query;
            if constexpr (Shape::kQueriesInRegisters)
                query = queries_[part];
            else
                load_query(query, part);
            BANYAN_UNROLL
            for (int i = 0; i < kSliceKeys / 16; ++i) {
                PerLane<FragA> pair;
                warp_.load_matrices(pair,
                                    columns_then_rows(keys + i * 16 * Shape::kStrideK + part * 32, Shape::kStrideK));
                multiply_pair(own[2 * i], own[2 * i + 1], query, pair);
            }
        }
        if constexpr (Shape::kSlices == 1) {
            BANYAN_UNROLL
            for (int i = 0; i < kKeys / 8; ++i) logits_[i] = own[i];
        } else {
            exchange(own);
        }
    }

    /** c0 += a * b0, c1 += a * b1, where `pair` holds b0 and b1. */
    BANYAN_DEVICE void multiply_pair(PerLane<FragC> & c0, PerLane<FragC> & c1, const PerLane<FragA> & a,
                                     const PerLane<FragA> & pair) {
        PerLane<FragB> b0, b1;
        each_lane([&](int lane) {
            b0[lane] = {pair[lane].x[0], pair[lane].x[1]};
            b1[lane] = {pair[lane].x[2], pair[lane].x[3]};
        });
        warp_.template multiply<kNumber>(c0, a, b0);
        warp_.template multiply<kNumber>(c1, a, b1);
    }

    BANYAN_DEVICE void exchange(const PerLane<FragC> (&own)[kSliceKeys / 8]) {
        char * base = memory_ + Shape::kOffsetLogits + row_block_ * 16 * Shape::kStrideLogits;
        const auto place = [&](int lane, int column, int half) {
            return reinterpret_cast<float *>(base + (lane / 4 + half * 8) * Shape::kStrideLogits) + column +
                   lane % 4 * 2;
        };
        each_lane([&](int lane) {
            BANYAN_UNROLL
            for (int i = 0; i < kSliceKeys / 8; ++i) {
                BANYAN_UNROLL
                for (int half = 0; half < 2; ++half) {
                    float * to = place(lane, slice_ * kSliceKeys + i * 8, half);
                    to[0] = own[i][lane].x[2 * half];
                    to[1] = own[i][lane].x[2 * half + 1];
                }
            }
        });
        sync();
        each_lane([&](int lane) {
            BANYAN_UNROLL
            for (int i = 0; i < kKeys / 8; ++i) {
                BANYAN_UNROLL
                for (int half = 0; half < 2; ++half) {
                    const float * from = place(lane, i * 8, half);
                    logits_[i][lane].x[2 * half] = from[0];
                    logits_[i][lane].x[2 * half + 1] = from[1];
                }
            }
        });
    }

    /** Softcap, ALiBi, visibility, online softmax: logits_ becomes P, out_ is rescaled to the new maxima. */
    BANYAN_DEVICE void soften(int tile) {
        const int first = item_.k0 + tile * Shape::kTile + group_ * kKeys;
        adjust(first);
        PerLane<float> top[2];
        each_lane([&](int lane) {
            BANYAN_UNROLL
            for (int half = 0; half < 2; ++half) {
                float value = -INFINITY;
                BANYAN_UNROLL
                for (int i = 0; i < kKeys / 8; ++i) {
                    value = fmaxf(value, fmaxf(logits_[i][lane].x[2 * half], logits_[i][lane].x[2 * half + 1]));
                }
                top[half][lane] = value;
            }
        });
        BANYAN_UNROLL
        for (int half = 0; half < 2; ++half) {
            for (int mask = 1; mask < 4; mask *= 2) {
                const PerLane<float> other = warp_.shuffle_xor(top[half], mask);
                each_lane([&](int lane) { top[half][lane] = fmaxf(top[half][lane], other[lane]); });
            }
        }
        PerLane<float> factor[2];
        PerLane<bool> moved;
        each_lane([&](int lane) {
            moved[lane] = false;
            BANYAN_UNROLL
            for (int half = 0; half < 2; ++half) {
                RowState & row = rows_[half][lane];
                const float maximum = fmaxf(row.maximum, top[half][lane]);
                const float base = maximum == -INFINITY ? 0.0f : maximum;  // nothing visible yet: P is 0
                factor[half][lane] = exp2_fast(row.maximum - base);
                moved[lane] = moved[lane] || maximum > row.maximum;
                float sum = 0.0f;
                BANYAN_UNROLL
                for (int i = 0; i < kKeys / 8; ++i) {
                    BANYAN_UNROLL
                    for (int j = 0; j < 2; ++j) {
                        float & x = logits_[i][lane].x[2 * half + j];
                        x = exp2_fast(x - base);
                        sum += x;
                    }
                }
                row.sum = row.sum * factor[half][lane] + sum;
                row.maximum = maximum;
            }
        });
        if (!warp_.any(moved)) return;
        each_lane([&](int lane) {
            BANYAN_UNROLL
            for (int i = 0; i < kColumns / 8; ++i) {
                BANYAN_UNROLL
                for (int j = 0; j < 4; ++j) out_[i][lane].x[j] *= factor[j / 2][lane];
            }
        });
    }

    BANYAN_DEVICE void adjust(int first) {
        const bool inside = first >= common_lo_ && first + kKeys <= common_hi_;
        if (inside && op_.softcap == 0.0f && op_.max_bias == 0.0f) return;
        const float cap = op_.softcap * kLog2e;
        each_lane([&](int lane) {
            BANYAN_UNROLL
            for (int i = 0; i < kKeys / 8; ++i) {
                BANYAN_UNROLL
                for (int j = 0; j < 4; ++j) {
                    const RowState & row = rows_[j / 2][lane];
                    const int key = first + i * 8 + lane % 4 * 2 + j % 2;
                    float x = logits_[i][lane].x[j];
                    if (op_.softcap != 0.0f) x = cap * tanh_fast(x);
                    if (op_.max_bias != 0.0f) x += row.slope * static_cast<float>(key - row.own);
                    logits_[i][lane].x[j] = key >= row.lo && key < row.hi ? x : -INFINITY;
                }
            }
        });
    }

    BANYAN_DEVICE void accumulate(int stage) {
        const char * values = memory_ + stage * Shape::kStage + (Shape::kValuesInKeys ? 0 : Shape::kBytesK) +
                              group_ * kKeys * Shape::kStrideV + slice_ * kColumns * 2;
        BANYAN_UNROLL
        for (int i = 0; i < kKeys / 16; ++i) {
            PerLane<FragA> p;
            each_lane([&](int lane) {
                const FragC & low = logits_[2 * i][lane];
                const FragC & high = logits_[2 * i + 1][lane];
                p[lane] = {pack<kNumber>(low.x[0], low.x[1]), pack<kNumber>(low.x[2], low.x[3]),
                           pack<kNumber>(high.x[0], high.x[1]), pack<kNumber>(high.x[2], high.x[3])};
            });
            BANYAN_UNROLL
            for (int column = 0; column < kColumns / 16; ++column) {
                PerLane<FragA> pair;
                warp_.load_transposed(
                    pair, rows_then_columns(values + i * 16 * Shape::kStrideV + column * 32, Shape::kStrideV));
                multiply_pair(out_[2 * column], out_[2 * column + 1], p, pair);
            }
        }
    }

    /** Every warp leaves its sums and outputs in shared memory; then all write the unit's rows. */
    BANYAN_DEVICE void finish() {
        warp_.template wait_copies<0>();
        BANYAN_UNROLL
        for (int half = 0; half < 2; ++half) {
            PerLane<float> sum;
            each_lane([&](int lane) { sum[lane] = rows_[half][lane].sum; });
            for (int mask = 1; mask < 4; mask *= 2) {
                const PerLane<float> other = warp_.shuffle_xor(sum, mask);
                each_lane([&](int lane) { sum[lane] += other[lane]; });
            }
            each_lane([&](int lane) { rows_[half][lane].sum = sum[lane]; });
        }
        warp_.sync_block();  // the tiles are read
        each_lane([&](int lane) {
            BANYAN_UNROLL
            for (int half = 0; half < 2; ++half) {
                if (row_block_ * 16 + half * 8 + lane / 4 >= unit_.n_rows) continue;  // no query
                const int row = (group_ * kRowBlocks + row_block_) * 16 + half * 8 + lane / 4;
                float * to =
                    reinterpret_cast<float *>(memory_ + row * Shape::kStrideOut) + slice_ * kColumns + lane % 4 * 2;
                BANYAN_UNROLL
                for (int i = 0; i < kColumns / 8; ++i) {
                    to[8 * i] = out_[i][lane].x[2 * half];
                    to[8 * i + 1] = out_[i][lane].x[2 * half + 1];
                }
                if (slice_ == 0 && lane % 4 == 0) {
                    float * sums = reinterpret_cast<float *>(memory_ + Shape::kOffsetSums) + 2 * row;
                    sums[0] = rows_[half][lane].maximum;
                    sums[1] = rows_[half][lane].sum;
                }
            }
        });
        warp_.sync_block();
        write_unit<Shape, kGroups, kRowBlocks>(warp_, memory_, op_, item_, unit_);
        warp_.sync_block();  // before the next unit's copies
    }

    Warp & warp_;
    char * memory_;
    const AttentionOp & op_;
    const Unit unit_;
    const WorkItem item_;
    const int32_t * pages_;
    const int page_tokens_;
    const int row_block_, slice_, group_;
    const int n_tiles_;
    int32_t common_lo_, common_hi_;
    PerLane<RowState> rows_[2];  // rows lane/4 and lane/4 + 8
    PerLane<FragA> queries_[Shape::kQueriesInRegisters ? kQueryParts : 1];
    PerLane<FragC> logits_[kKeys / 8];
    PerLane<FragC> out_[kColumns / 8];
};

}  // namespace banyan::cuda
