// Few query rows (decode): dot products that stream whole cache rows. Included once per instruction set.
//
// s: [rows][kTile] scores then probabilities; q: [rows][dk padded], scaled, zeros in the padding; o: [rows][dv padded].
#pragma once

#include "runner/attention/kernel-math.h"

namespace banyan {
namespace {

constexpr int kTile = 64;          // keys at a time
constexpr int kPrefetchRows = 12;  // keys ahead

template <typename Rows>
void prefetch_row(const char * row, int from, int size) {
    const size_t begin = static_cast<size_t>(from / kWidth) * Rows::kBytes;
    const size_t end = static_cast<size_t>((from + size) / kWidth) * Rows::kBytes;
    for (size_t c = begin; c < end; c += 64) Simd::prefetch(row + c);
}

/** s[m][j] = q[m] . keys[j] for M rows; writes up to three scores past n. */
template <typename Rows, int M>
void narrow_scores(float * s, const float * q, int q_stride, int dk, const char * const * keys, int n) {
    const int full = dk / kWidth * kWidth;
    for (int j = 0; j < n; j += 4) {
        const char * row[4];
        for (int x = 0; x < 4; ++x) row[x] = keys[smaller(j + x, n - 1)];
        for (int x = 0; x < 4; ++x) prefetch_row<Rows>(keys[smaller(j + x + kPrefetchRows, n - 1)], 0, dk);
        V sum[4][M];
        for (int x = 0; x < 4; ++x) {
            for (int m = 0; m < M; ++m) sum[x][m] = Simd::zero();
        }
        const auto add = [&](const V (&k)[4], int d) {
            for (int m = 0; m < M; ++m) {
                const V qm = Simd::load(q + m * q_stride + d);
                for (int x = 0; x < 4; ++x) sum[x][m] = Simd::fma(k[x], qm, sum[x][m]);
            }
        };
        for (int d = 0; d < full; d += kWidth) {
            const V k[4] = {Rows::load(row[0], d), Rows::load(row[1], d), Rows::load(row[2], d), Rows::load(row[3], d)};
            add(k, d);
        }
        if (full < dk) {
            const int rest = dk - full;
            const V k[4] = {Rows::tail(row[0], full, rest), Rows::tail(row[1], full, rest),
                            Rows::tail(row[2], full, rest), Rows::tail(row[3], full, rest)};
            add(k, full);
        }
        for (int m = 0; m < M; ++m) {
            Simd::reduce_add4(s + m * kTile + j, sum[0][m], sum[1][m], sum[2][m], sum[3][m]);
        }
    }
}

/** o[m][d0..) += sum over j of s[m][j] * values[j][d0..) for M rows and N vectors of output. */
template <typename Rows, int M, int N>
void narrow_values(float * o, int o_stride, const float * s, const char * const * values, int n, int d0) {
    V sum[M][N];
    for (int m = 0; m < M; ++m) {
        for (int b = 0; b < N; ++b) sum[m][b] = Simd::load(o + m * o_stride + d0 + b * kWidth);
    }
    for (int j = 0; j < n; ++j) {
        prefetch_row<Rows>(values[smaller(j + kPrefetchRows, n - 1)], d0, N * kWidth);
        V p[M];
        for (int m = 0; m < M; ++m) p[m] = Simd::set1(s[m * kTile + j]);
        for (int b = 0; b < N; ++b) {
            const V v = Rows::load(values[j], d0 + b * kWidth);
            for (int m = 0; m < M; ++m) sum[m][b] = Simd::fma(p[m], v, sum[m][b]);
        }
    }
    for (int m = 0; m < M; ++m) {
        for (int b = 0; b < N; ++b) Simd::store(o + m * o_stride + d0 + b * kWidth, sum[m][b]);
    }
}

template <typename Rows, int M>
void narrow_values_row(float * o, int o_stride, int dv, const float * s, const char * const * values, int n) {
    constexpr int kVecs = Simd::kNarrowVecs / M < 8 ? Simd::kNarrowVecs / M : 8;
    const int full = dv / kWidth * kWidth;
    int d = 0;
    for (; d + kVecs * kWidth <= full; d += kVecs * kWidth) narrow_values<Rows, M, kVecs>(o, o_stride, s, values, n, d);
    for (; d < full; d += kWidth) narrow_values<Rows, M, 1>(o, o_stride, s, values, n, d);
    if (full == dv) return;
    for (int j = 0; j < n; ++j) {
        const V v = Rows::tail(values[j], full, dv - full);
        for (int m = 0; m < M; ++m) {
            float * at = o + m * o_stride + full;
            Simd::store(at, Simd::fma(Simd::set1(s[m * kTile + j]), v, Simd::load(at)));
        }
    }
}

/** fn.run<M>(m) over the rows in groups of at most Simd::kNarrowRows. */
template <typename Fn>
void narrow_groups(int rows, Fn fn) {
    for (int m = 0; m < rows; m += Simd::kNarrowRows) {
        switch (smaller(Simd::kNarrowRows, rows - m)) {
            case 1: fn.template run<1>(m); break;
            case 2: fn.template run<2>(m); break;
            case 3: fn.template run<smaller(3, Simd::kNarrowRows)>(m); break;
            case 4: fn.template run<smaller(4, Simd::kNarrowRows)>(m); break;
        }
    }
}

template <typename Rows>
struct NarrowScores {
    float * s;
    const float * q;
    int q_stride, dk;
    const char * const * keys;
    int n;
    template <int M>
    void run(int m) const {
        narrow_scores<Rows, M>(s + m * kTile, q + m * q_stride, q_stride, dk, keys, n);
    }
};

template <typename Rows>
struct NarrowValues {
    float * o;
    int o_stride, dv;
    const float * s;
    const char * const * values;
    int n;
    template <int M>
    void run(int m) const {
        narrow_values_row<Rows, M>(o + m * o_stride, o_stride, dv, s + m * kTile, values, n);
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
