// Many query rows (prefill, shared pages): register-blocked matrix products. Included once per instruction set.
//
// The query rows lie across the lanes: q: [dk][lanes] and s: [kTile][lanes], lanes = rows rounded up to a vector, so
// the softmax needs no horizontal step. k: [n][dk stride], v: [n][dv stride], o: [rows][dv stride], all floats.
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

/** Rows of a register block that is N vectors wide. */
template <int N>
constexpr int block_rows() {
    return smaller(12, Simd::kGemmRegisters / N);
}

template <int N>
void wide_scores_lanes(float * s, const float * q, int lanes, const float * k, int k_stride, int dk, int n) {
    constexpr int kRows = block_rows<N>();
    int j = 0;
    for (; j + kRows <= n; j += kRows) {
        wide_scores_block<kRows, N>(s + j * lanes, q, lanes, k + j * k_stride, k_stride, dk);
    }
    for (; j + 4 <= n; j += 4) wide_scores_block<4, N>(s + j * lanes, q, lanes, k + j * k_stride, k_stride, dk);
    for (; j < n; ++j) wide_scores_block<1, N>(s + j * lanes, q, lanes, k + j * k_stride, k_stride, dk);
}

/** fn.run<N>(from) over n floats in groups of N vectors, n a multiple of kWidth. */
template <typename Fn>
void wide_groups(int n, const Fn & fn) {
    constexpr int kVecs = Simd::kGemmVecs;
    int from = 0;
    for (; from + kVecs * kWidth <= n; from += kVecs * kWidth) fn.template run<kVecs>(from);
    switch ((n - from) / kWidth) {
        case 1:
            fn.template run<1>(from);
            break;
        case 2:
            fn.template run<smaller(2, kVecs)>(from);
            break;
        case 3:
            fn.template run<smaller(3, kVecs)>(from);
            break;
    }
}

struct WideScores {
    float * s;
    const float * q;
    int lanes;
    const float * k;
    int k_stride, dk, n;
    template <int N>
    void run(int lane) const {
        wide_scores_lanes<N>(s + lane, q + lane, lanes, k, k_stride, dk, n);
    }
};

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

struct WideValues {
    float * o;
    int o_stride;
    const float * s;
    int lanes;
    const float * v;
    int v_stride, n, rows;
    template <int N>
    void run(int d) const {
        constexpr int kRows = block_rows<N>();
        int m = 0;
        for (; m + kRows <= rows; m += kRows) block<kRows, N>(m, d);
        for (; m + 4 <= rows; m += 4) block<4, N>(m, d);
        for (; m + 2 <= rows; m += 2) block<2, N>(m, d);
        for (; m < rows; ++m) block<1, N>(m, d);
    }
    template <int R, int N>
    void block(int m, int d) const {
        wide_values_block<R, N>(o + m * o_stride + d, o_stride, s + m, lanes, v + d, v_stride, n);
    }
};

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
