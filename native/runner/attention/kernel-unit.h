// A unit of work from queries to output, in either form, and the merge of partial results.
// Included once per instruction set, by simd-<isa>.cpp: its operations, this, then BANYAN_ATTENTION_KERNEL(<isa>).
#pragma once

#include <cmath>

#include "runner/attention/kernel-wide.h"

namespace banyan {
namespace {

constexpr int kPad = 16;  // head sizes and lanes are padded to this in scratch, whatever the vector width

/** What a query row needs besides its q: the keys it sees and its ALiBi slope. */
struct RowMask {
    int32_t lo, hi;
    float slope;
};

inline float alibi_slope(const AttentionArgs & args, int head) {
    if (args.max_bias <= 0) return 0;
    int pow2 = 1;
    while (pow2 * 2 <= args.n_head) pow2 *= 2;
    const float m0 = powf(2.0f, -args.max_bias / pow2);
    const float m1 = powf(2.0f, -args.max_bias / 2 / pow2);
    return head < pow2 ? powf(m0, head + 1) : powf(m1, 2 * (head - pow2) + 1);
}

/** Scratch of one unit. rows = tokens x gqa per KV head; row m of a head is token m / gqa, query head m % gqa. */
struct Unit {
    const AttentionArgs & args;
    const WorkItem & item;
    int h0, h1;  // KV heads
    int gqa, rows, lanes;
    int q_stride, o_stride;
    float * q;     // narrow: [heads][rows][q_stride]; wide: [dk][lanes]
    float * o;     // [heads][rows][o_stride]
    float * max;   // [heads][rows]
    float * sum;   // [heads][rows]
    float * s;     // narrow: [heads][rows][kTile]; wide: [kTile][lanes]
    float * rest;  // wide: shrink[lanes], k[kTile][q_stride], v[kTile][o_stride]
    int32_t min_hi, max_lo;
    int n;                                      // cells of the tile at work
    const char * k_cells[kTile + kCellsAhead];  // its keys and values and those after them, of head h0
    const char * v_cells[kTile + kCellsAhead];

    Unit(const AttentionArgs & args, const WorkItem & item, int h0, int h1, float * scratch)
        : args(args),
          item(item),
          h0(h0),
          h1(h1),
          gqa(args.gqa()),
          rows((item.q1 - item.q0) * gqa),
          lanes(round_up(rows, kPad)),
          q_stride(round_up(args.dk, kPad)),
          o_stride(round_up(args.dv, kPad)) {
        const int heads = h1 - h0;
        q = scratch;
        o = q + heads * lanes * q_stride;
        max = o + heads * lanes * o_stride;
        sum = max + heads * lanes;
        s = sum + heads * lanes;
        rest = s + heads * kTile * lanes;
        for (int i = 0; i < heads * lanes; ++i) max[i] = -INFINITY;
        for (int i = 0; i < heads * lanes; ++i) sum[i] = 0;
        std::memset(o, 0, sizeof(float) * heads * rows * o_stride);
        min_hi = token(0).hi;
        max_lo = token(0).lo;
        for (int t = 1; t < item.q1 - item.q0; ++t) {
            min_hi = smaller(min_hi, token(t).hi);
            max_lo = larger(max_lo, token(t).lo);
        }
    }

    const TokenSpan & token(int t) const { return args.tokens()[item.q0 + t]; }
    int query_head(int h, int m) const { return h * gqa + m % gqa; }

    /** Logits are (q * scale) . k, capped; both factors go into q. */
    float q_scale() const { return args.softcap != 0 ? args.scale / args.softcap : args.scale; }

    const float * query(int h, int m) const {
        return reinterpret_cast<const float *>(args.q + token(m / gqa).token * args.q_token_stride +
                                               query_head(h, m) * args.q_head_stride);
    }

    RowMask mask(int h, int m) const {
        return {token(m / gqa).lo, token(m / gqa).hi, alibi_slope(args, query_head(h, m))};
    }

    /** The tile from position j0 on. */
    void locate(int j0) {
        n = smaller(kTile, item.k1 - j0);
        const int page_tokens = args.header().page_tokens;
        const int32_t * page = args.descriptor + item.pages + (j0 - item.k_base) / page_tokens;
        int offset = (j0 - item.k_base) % page_tokens;
        for (int j = 0; j < kTile + kCellsAhead; ++j) {
            if (j0 + j >= item.k1) {  // the last cell again: nothing lies ahead of it
                k_cells[j] = k_cells[j - 1];
                v_cells[j] = v_cells[j - 1];
                continue;
            }
            const size_t cell = static_cast<size_t>(*page) * page_tokens + offset;
            k_cells[j] = args.k.data + cell * args.k.cell_stride + h0 * args.k.head_stride;
            v_cells[j] = args.v.data + cell * args.v.cell_stride + h0 * args.v.head_stride;
            if (++offset == page_tokens) {
                offset = 0;
                ++page;
            }
        }
    }

    void run() {
        const bool wide = is_wide(item, gqa);
        wide ? load_wide() : load_narrow();
        for (int j0 = item.k0; j0 < item.k1; j0 += kTile) {
            locate(j0);
            wide ? tile_wide(j0) : tile_narrow(j0);
        }
        for (int h = h0; h < h1; ++h) {
            for (int m = 0; m < rows; ++m) store(h, m);
        }
    }

    void load_narrow() {
        const float scale = q_scale();
        for (int h = h0; h < h1; ++h) {
            for (int m = 0; m < rows; ++m) {
                const float * from = query(h, m);
                float * to = q + ((h - h0) * rows + m) * q_stride;
                for (int d = 0; d < args.dk; ++d) to[d] = from[d] * scale;
                for (int d = args.dk; d < q_stride; ++d) to[d] = 0;
            }
        }
    }

    void load_wide() {
        const float scale = q_scale();
        for (int m = 0; m < lanes; ++m) {
            const float * from = m < rows ? query(h0, m) : nullptr;
            for (int d = 0; d < args.dk; ++d) q[d * lanes + m] = from ? from[d] * scale : 0;
        }
    }

    bool masked(int j0) const { return j0 + n > min_hi || j0 < max_lo; }

    void tile_narrow(int j0) {
        const NarrowTile keys{h1 - h0, rows, n, cells_ahead(args.k.cell_stride), k_cells, args.k.head_stride, s};
        with_rows(args.k.type,
                  [&](auto reader) { NarrowScores<decltype(reader)>{keys, q, q_stride, args.dk, 0, 0, {}}.all(); });
        for (int h = h0; h < h1; ++h) {
            for (int m = 0; m < rows; ++m) {
                const int r = (h - h0) * rows + m;
                float * line = s + r * kTile;
                if (args.softcap != 0) soft_cap(line, round_up(n, kWidth), args.softcap);
                if (masked(j0) || args.max_bias > 0) bias(line, 1, mask(h, m), j0);
                narrow_softmax(line, n, o + r * o_stride, o_stride, max[r], sum[r]);
            }
        }
        const NarrowTile values{h1 - h0, rows, n, cells_ahead(args.v.cell_stride), v_cells, args.v.head_stride, s};
        with_rows(args.v.type,
                  [&](auto reader) { NarrowValues<decltype(reader)>{values, o, o_stride, args.dv, 0, 0, {}}.all(); });
    }

    void tile_wide(int j0) {
        float * shrink = rest;
        float * k = shrink + lanes;
        float * v = k + kTile * q_stride;
        with_rows(args.k.type, [&](auto reader) { expand_rows<decltype(reader)>(k, q_stride, k_cells, n, args.dk); });
        wide_groups(lanes, WideScores{s, q, lanes, k, q_stride, args.dk, n});
        if (args.softcap != 0) soft_cap(s, n * lanes, args.softcap);
        if (masked(j0) || args.max_bias > 0) {
            for (int m = 0; m < rows; ++m) bias(s + m, lanes, mask(h0, m), j0);
        }
        wide_softmax(s, lanes, n, max, sum, shrink);
        for (int m = 0; m < rows; ++m) {
            if (shrink[m] == 1.0f) continue;
            const V factor = Simd::set1(shrink[m]);
            float * line = o + m * o_stride;
            for (int d = 0; d < o_stride; d += kWidth) Simd::store(line + d, Simd::mul(Simd::load(line + d), factor));
        }
        with_rows(args.v.type, [&](auto reader) { expand_rows<decltype(reader)>(v, o_stride, v_cells, n, args.dv); });
        wide_groups(round_up(args.dv, kWidth), WideValues{o, o_stride, s, lanes, v, o_stride, n, rows});
    }

    /** Window and ALiBi for one row's scores, `step` floats apart. */
    void bias(float * scores, int step, const RowMask & r, int j0) const {
        for (int j = 0; j < n; ++j) {
            const int p = j0 + j;
            float & x = scores[j * step];
            x = p >= r.lo && p < r.hi ? x - r.slope * static_cast<float>(r.hi - 1 - p) : -INFINITY;
        }
    }

    void store(int h, int m) const;
};

/** out[token][head] = the row's output over its sum, the head's sink included. */
inline void finish_row(const AttentionArgs & args, int token, int head, const float * o, float max, float sum) {
    float factor = 1;
    if (args.sinks) {
        const float sink = args.sinks[head];
        const float top = larger(max, sink);
        factor = expf(max - top);
        sum = sum * factor + expf(sink - top);
    }
    factor = sum == 0 ? 0 : factor / sum;
    float * out = args.out + (static_cast<size_t>(token) * args.n_head + head) * args.dv;
    for (int d = 0; d < args.dv; ++d) out[d] = o[d] * factor;
}

inline float * part_row(const AttentionArgs & args, int64_t part, int head) {
    return args.parts + (part * args.n_head + head) * (2 + args.dv);
}

inline void Unit::store(int h, int m) const {
    const float * line = o + ((h - h0) * rows + m) * o_stride;
    const int row = (h - h0) * rows + m;
    if (item.part < 0) {
        finish_row(args, token(m / gqa).token, query_head(h, m), line, max[row], sum[row]);
        return;
    }
    float * part = part_row(args, item.part + m / gqa, query_head(h, m));
    part[0] = max[row];
    part[1] = sum[row];
    std::memcpy(part + 2, line, sizeof(float) * args.dv);
}

inline size_t scratch_floats(int32_t dk, int32_t dv, int32_t n_head_kv, int32_t max_rows) {
    const size_t lanes = round_up(max_rows, kPad);
    const size_t narrow = static_cast<size_t>(n_head_kv) * kPad;  // a narrow unit holds every KV head's rows
    const size_t row = round_up(dk, kPad) + round_up(dv, kPad) + 2;
    const size_t tile = kTile * (round_up(dk, kPad) + round_up(dv, kPad)) + lanes;
    return larger(lanes, narrow) * (row + kTile) + tile;
}

inline void run_unit(const AttentionArgs & args, const WorkItem & item, int32_t h0, int32_t h1, float * scratch) {
    Unit(args, item, h0, h1, scratch).run();
}

inline void merge_parts(const AttentionArgs & args, int64_t begin, int64_t end, float * scratch) {
    const int32_t * part_ptr = args.descriptor + args.header().part_ptr;
    const int32_t * part_idx = args.descriptor + args.header().part_idx;
    for (int64_t i = begin; i < end; ++i) {
        const int token = static_cast<int>(i / args.n_head);
        const int head = static_cast<int>(i % args.n_head);
        const int32_t * first = part_idx + part_ptr[token];
        const int n = part_ptr[token + 1] - part_ptr[token];
        if (n == 0) continue;  // answered in place
        float max = -INFINITY;
        for (int p = 0; p < n; ++p) max = larger(max, part_row(args, first[p], head)[0]);
        float sum = 0;
        for (int d = 0; d < args.dv; ++d) scratch[d] = 0;
        for (int p = 0; p < n; ++p) {
            const float * part = part_row(args, first[p], head);
            if (part[0] == -INFINITY) continue;
            const float factor = expf(part[0] - max);
            sum += part[1] * factor;
            for (int d = 0; d < args.dv; ++d) scratch[d] += part[2 + d] * factor;
        }
        finish_row(args, args.tokens()[token].token, head, scratch, max, sum);
    }
}

}  // namespace
}  // namespace banyan

#define BANYAN_ATTENTION_KERNEL(isa)                                                        \
    namespace banyan {                                                                      \
    extern const AttentionKernel kAttention_##isa;                                          \
    const AttentionKernel kAttention_##isa = {#isa, scratch_floats, run_unit, merge_parts}; \
    }
