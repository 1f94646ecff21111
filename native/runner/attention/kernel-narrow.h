// Few query rows (decode): dot products that stream whole cache cells. Included once per instruction set.
//
// A tile goes through all heads at once, a few cells at a time, so that memory is read front to back: a cell holds its
// heads side by side, and reading one head after the other over many cells loses half of the bandwidth.
//
// s: [heads][rows][kTile] scores then probabilities; q: [heads][rows][dk padded], scaled, zeros in the padding;
// o: [heads][rows][dv padded].
#pragma once

#include "runner/attention/kernel-math.h"

namespace banyan {
namespace {

constexpr int kTile = 64;       // keys at a time
constexpr int kScoreCells = 4;  // cells that narrow_scores reads side by side
constexpr int kValueCells = 8;  // cells that narrow_values adds up before it writes back

/** s[m][0..4) = q[m] . row[0..4) for M rows of one head. */
template <typename Rows, int M>
void narrow_scores(float * s, const float * q, int q_stride, int dk, const char * const (&row)[kScoreCells]) {
    V sum[4][M];
    for (int x = 0; x < 4; ++x) {
        for (int m = 0; m < M; ++m) sum[x][m] = Simd::zero();
    }
    const auto add = [&](const V(&k)[4], int d) {
        for (int m = 0; m < M; ++m) {
            const V qm = Simd::load(q + m * q_stride + d);
            for (int x = 0; x < 4; ++x) sum[x][m] = Simd::fma(k[x], qm, sum[x][m]);
        }
    };
    const int full = dk / kWidth * kWidth;
    for (int d = 0; d < full; d += kWidth) {
        const V k[4] = {Rows::load(row[0], d), Rows::load(row[1], d), Rows::load(row[2], d), Rows::load(row[3], d)};
        add(k, d);
    }
    if (full < dk) {
        const int rest = dk - full;
        const V k[4] = {Rows::tail(row[0], full, rest), Rows::tail(row[1], full, rest), Rows::tail(row[2], full, rest),
                        Rows::tail(row[3], full, rest)};
        add(k, full);
    }
    for (int m = 0; m < M; ++m) {
        Simd::reduce_add4(s + m * kTile, sum[0][m], sum[1][m], sum[2][m], sum[3][m]);
    }
}

/** o[m][d0..) += sum over j < n of s[m][j] * row[j][d0..) for M rows of one head and N vectors of output. */
template <typename Rows, int M, int N>
void narrow_values(float * o, int o_stride, const float * s, const char * const * row, int n, int d0) {
    V sum[M][N];
    for (int m = 0; m < M; ++m) {
        for (int b = 0; b < N; ++b) sum[m][b] = Simd::load(o + m * o_stride + d0 + b * kWidth);
    }
    for (int j = 0; j < n; ++j) {
        V p[M];
        for (int m = 0; m < M; ++m) p[m] = Simd::set1(s[m * kTile + j]);
        for (int b = 0; b < N; ++b) {
            const V v = Rows::load(row[j], d0 + b * kWidth);
            for (int m = 0; m < M; ++m) sum[m][b] = Simd::fma(p[m], v, sum[m][b]);
        }
    }
    for (int m = 0; m < M; ++m) {
        for (int b = 0; b < N; ++b) Simd::store(o + m * o_stride + d0 + b * kWidth, sum[m][b]);
    }
}

template <typename Rows, int M>
void narrow_values_row(float * o, int o_stride, int dv, const float * s, const char * const * row, int n) {
    constexpr int kVecs = Simd::kNarrowVecs / M < 8 ? Simd::kNarrowVecs / M : 8;
    const int full = dv / kWidth * kWidth;
    int d = 0;
    for (; d + kVecs * kWidth <= full; d += kVecs * kWidth) narrow_values<Rows, M, kVecs>(o, o_stride, s, row, n, d);
    for (; d < full; d += kWidth) narrow_values<Rows, M, 1>(o, o_stride, s, row, n, d);
    if (full == dv) return;
    for (int j = 0; j < n; ++j) {
        const V v = Rows::tail(row[j], full, dv - full);
        for (int m = 0; m < M; ++m) {
            float * at = o + m * o_stride + full;
            Simd::store(at, Simd::fma(Simd::set1(s[m * kTile + j]), v, Simd::load(at)));
        }
    }
}

/** fn.run<M>(m) over the rows in groups of at most Simd::kNarrowRows. */
template <typename Fn>
void narrow_groups(int rows, const Fn & fn) {
    for (int m = 0; m < rows; m += Simd::kNarrowRows) {
        switch (smaller(Simd::kNarrowRows, rows - m)) {
            case 1:
                fn.template run<1>(m);
                break;
            case 2:
                fn.template run<2>(m);
                break;
            case 3:
                fn.template run<smaller(3, Simd::kNarrowRows)>(m);
                break;
            case 4:
                fn.template run<smaller(4, Simd::kNarrowRows)>(m);
                break;
        }
    }
}

/** The query rows of `heads` KV heads against a tile of n cells; cells[j] is the first of those heads in cell j. */
struct NarrowTile {
    int heads, rows, n;
    int ahead;                   // cells between those that are read and those that are asked of memory
    const char * const * cells;  // [n + kCellsAhead]
    size_t head_stride;          // bytes
    float * s;

    /** Asks for what the same head will read `ahead` cells later. */
    template <typename Rows>
    void prefetch(int j, int head, int size) const {
        const char * row = cells[j + ahead] + head * head_stride;
        for (size_t c = 0; c < bytes_of<Rows>(size); c += 64) Simd::prefetch(row + c);
    }
};

template <typename Rows>
struct NarrowScores {
    const NarrowTile & tile;
    const float * q;
    int q_stride, dk;
    int head, j;  // moving
    const char * row[kScoreCells];

    template <int M>
    void run(int m) const {
        const int r = head * tile.rows + m;
        narrow_scores<Rows, M>(tile.s + r * kTile + j, q + r * q_stride, q_stride, dk, row);
    }

    void all() {
        for (j = 0; j < tile.n; j += kScoreCells) {
            for (head = 0; head < tile.heads; ++head) {
                for (int x = 0; x < kScoreCells; ++x) {
                    row[x] = tile.cells[smaller(j + x, tile.n - 1)] + head * tile.head_stride;
                    tile.prefetch<Rows>(j + x, head, dk);
                }
                narrow_groups(tile.rows, *this);
            }
        }
    }
};

template <typename Rows>
struct NarrowValues {
    const NarrowTile & tile;
    float * o;
    int o_stride, dv;
    int head, j;  // moving
    const char * row[kValueCells];

    template <int M>
    void run(int m) const {
        const int r = head * tile.rows + m;
        narrow_values_row<Rows, M>(o + r * o_stride, o_stride, dv, tile.s + r * kTile + j, row,
                                   smaller(kValueCells, tile.n - j));
    }

    void all() {
        for (j = 0; j < tile.n; j += kValueCells) {
            for (head = 0; head < tile.heads; ++head) {
                for (int x = 0; x < smaller(kValueCells, tile.n - j); ++x) {
                    row[x] = tile.cells[j + x] + head * tile.head_stride;
                    tile.prefetch<Rows>(j + x, head, dv);
                }
                narrow_groups(tile.rows, *this);
            }
        }
    }
};

/** Online softmax of one row's n scores: s becomes probabilities against the running maximum, o is rescaled to it. */
inline void narrow_softmax(float * s, int n, float * o, int o_size, float & max, float & sum) {
    const int padded = round_up(n, kWidth);
    for (int j = n; j < padded; ++j) s[j] = -INFINITY;
    V top = Simd::load(s);
    for (int j = kWidth; j < padded; j += kWidth) top = Simd::max(top, Simd::load(s + j));
    const float tile_max = Simd::reduce_max(top);
    if (tile_max == -INFINITY) {
        for (int j = 0; j < padded; j += kWidth) Simd::store(s + j, Simd::zero());
        return;
    }
    if (tile_max > max) {
        if (max != -INFINITY) {
            const float shrink = expf(max - tile_max);
            const V factor = Simd::set1(shrink);
            for (int d = 0; d < o_size; d += kWidth) Simd::store(o + d, Simd::mul(Simd::load(o + d), factor));
            sum *= shrink;
        }
        max = tile_max;
    }
    const V reference = Simd::set1(max);
    V total = Simd::zero();
    for (int j = 0; j < padded; j += kWidth) {
        const V p = exp(Simd::sub(Simd::load(s + j), reference));
        Simd::store(s + j, p);
        total = Simd::add(total, p);
    }
    sum += Simd::reduce_add(total);
}

}  // namespace
}  // namespace banyan
