// Many query rows (prefill, shared pages): register-blocked matrix products. Included once per instruction set.
//
// The query rows lie across the lanes: q: [dk][lanes] and s: [kTile][lanes], lanes = rows rounded up to a vector, so the
// softmax needs no horizontal step. k: [n][dk stride], v: [n][dv stride], o: [rows][dv stride], all floats.
#pragma once

#include "runner/attention/kernel-narrow.h"

namespace banyan {
namespace {

/** s[j..j+R)[lane..lane+N vectors) = k[j..][.] . q[.][lane..] */
template <int R, int N>
void wide_scores_block(float * s, const float * q, int lanes, const float * k, int k_stride, int dk) {
    V sum[R][N];
    for (int r = 0; r < R; ++r) {
        for (int c = 0; c < N; ++c) sum[r][c] = Simd::zero();
    }
    for (int d = 0; d < dk; ++d) {
        V qd[N];
        for (int c = 0; c < N; ++c) qd[c] = Simd::load(q + d * lanes + c * kWidth);
        for (int r = 0; r < R; ++r) {
            const V kd = Simd::set1(k[r * k_stride + d]);
            for (int c = 0; c < N; ++c) sum[r][c] = Simd::fma(kd, qd[c], sum[r][c]);
        }
    }
    for (int r = 0; r < R; ++r) {
        for (int c = 0; c < N; ++c) Simd::store(s + r * lanes + c * kWidth, sum[r][c]);
    }
}

template <int N>
void wide_scores_lanes(float * s, const float * q, int lanes, const float * k, int k_stride, int dk, int n) {
    constexpr int kRows = Simd::kGemmRows;
    int j = 0;
    for (; j + kRows <= n; j += kRows) {
        wide_scores_block<kRows, N>(s + j * lanes, q, lanes, k + j * k_stride, k_stride, dk);
    }
    for (; j + 2 <= n; j += 2) wide_scores_block<2, N>(s + j * lanes, q, lanes, k + j * k_stride, k_stride, dk);
    for (; j < n; ++j) wide_scores_block<1, N>(s + j * lanes, q, lanes, k + j * k_stride, k_stride, dk);
}

inline void wide_scores(float * s, const float * q, int lanes, const float * k, int k_stride, int dk, int n) {
    constexpr int kVecs = Simd::kGemmVecs;
    int lane = 0;
    for (; lane + kVecs * kWidth <= lanes; lane += kVecs * kWidth) {
        wide_scores_lanes<kVecs>(s + lane, q + lane, lanes, k, k_stride, dk, n);
    }
    for (; lane < lanes; lane += kWidth) wide_scores_lanes<1>(s + lane, q + lane, lanes, k, k_stride, dk, n);
}

/** o[0..R)[d..d+N vectors) += sum over j of s[j][0..R) * v[j][d..] */
template <int R, int N>
void wide_values_block(float * o, int o_stride, const float * s, int lanes, const float * v, int v_stride, int n) {
    V sum[R][N];
    for (int r = 0; r < R; ++r) {
        for (int c = 0; c < N; ++c) sum[r][c] = Simd::load(o + r * o_stride + c * kWidth);
    }
    for (int j = 0; j < n; ++j) {
        V vj[N];
        for (int c = 0; c < N; ++c) vj[c] = Simd::load(v + j * v_stride + c * kWidth);
        for (int r = 0; r < R; ++r) {
            const V p = Simd::set1(s[j * lanes + r]);
            for (int c = 0; c < N; ++c) sum[r][c] = Simd::fma(p, vj[c], sum[r][c]);
        }
    }
    for (int r = 0; r < R; ++r) {
        for (int c = 0; c < N; ++c) Simd::store(o + r * o_stride + c * kWidth, sum[r][c]);
    }
}

template <int N>
void wide_values_columns(float * o, int o_stride, const float * s, int lanes, const float * v, int v_stride, int n,
                         int rows) {
    constexpr int kRows = Simd::kGemmRows;
    int m = 0;
    for (; m + kRows <= rows; m += kRows) {
        wide_values_block<kRows, N>(o + m * o_stride, o_stride, s + m, lanes, v, v_stride, n);
    }
    for (; m + 2 <= rows; m += 2) wide_values_block<2, N>(o + m * o_stride, o_stride, s + m, lanes, v, v_stride, n);
    for (; m < rows; ++m) wide_values_block<1, N>(o + m * o_stride, o_stride, s + m, lanes, v, v_stride, n);
}

/** dv: a multiple of kWidth. */
inline void wide_values(float * o, int o_stride, int dv, const float * s, int lanes, const float * v, int v_stride,
                        int n, int rows) {
    constexpr int kVecs = Simd::kGemmVecs;
    int d = 0;
    for (; d + kVecs * kWidth <= dv; d += kVecs * kWidth) {
        wide_values_columns<kVecs>(o + d, o_stride, s, lanes, v + d, v_stride, n, rows);
    }
    for (; d < dv; d += kWidth) wide_values_columns<1>(o + d, o_stride, s, lanes, v + d, v_stride, n, rows);
}

/** Online softmax of a tile of n keys for every lane; shrink[lane] is what o must be multiplied by first. */
inline void wide_softmax(float * s, int lanes, int n, float * max, float * sum, float * shrink) {
    constexpr float kFloor = -1e30f;  // a lane that has seen no key yet: exp(-inf - floor) = 0, and never inf - inf
    for (int lane = 0; lane < lanes; lane += kWidth) {
        const V old = Simd::load(max + lane);
        V top = old;
        for (int j = 0; j < n; ++j) top = Simd::max(top, Simd::load(s + j * lanes + lane));
        const V reference = Simd::max(top, Simd::set1(kFloor));
        const V factor = exp(Simd::sub(old, reference));
        V total = Simd::mul(Simd::load(sum + lane), factor);
        for (int j = 0; j < n; ++j) {
            float * at = s + j * lanes + lane;
            const V p = exp(Simd::sub(Simd::load(at), reference));
            Simd::store(at, p);
            total = Simd::add(total, p);
        }
        Simd::store(max + lane, top);
        Simd::store(sum + lane, total);
        Simd::store(shrink + lane, factor);
    }
}

}  // namespace
}  // namespace banyan
