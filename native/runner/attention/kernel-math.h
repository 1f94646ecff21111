// exp and tanh over vectors. Included once per instruction set.
#pragma once

#include "runner/attention/kernel-rows.h"

namespace banyan {
namespace {

/** e^x to about 1 ulp for x <= 88; 0 below -87 (and for -inf). Cephes' polynomial after range reduction by ln 2. */
inline V exp(V x) {
    constexpr float kLowest = -87.0f;
    const V a = Simd::min(Simd::max(x, Simd::set1(kLowest)), Simd::set1(88.0f));
    const V n = Simd::round(Simd::mul(a, Simd::set1(1.44269504088896341f)));
    V r = Simd::fnma(n, Simd::set1(0.693359375f), a);
    r = Simd::fnma(n, Simd::set1(-2.12194440e-4f), r);
    V p = Simd::set1(1.9875691500e-4f);
    p = Simd::fma(p, r, Simd::set1(1.3981999507e-3f));
    p = Simd::fma(p, r, Simd::set1(8.3334519073e-3f));
    p = Simd::fma(p, r, Simd::set1(4.1665795894e-2f));
    p = Simd::fma(p, r, Simd::set1(1.6666665459e-1f));
    p = Simd::fma(p, r, Simd::set1(5.0000001201e-1f));
    const V y = Simd::fma(Simd::mul(p, r), r, Simd::add(r, Simd::set1(1.0f)));
    return Simd::zero_below(Simd::scale2(y, n), x, kLowest);
}

inline V tanh(V x) {
    const V two = Simd::set1(2.0f);
    const V e = exp(Simd::mul(two, x));
    return Simd::sub(Simd::set1(1.0f), Simd::div(two, Simd::add(e, Simd::set1(1.0f))));
}

/** softcap * tanh(x) in place over n floats, n a multiple of kWidth. */
inline void soft_cap(float * x, int n, float softcap) {
    const V cap = Simd::set1(softcap);
    for (int i = 0; i < n; i += kWidth) Simd::store(x + i, Simd::mul(cap, tanh(Simd::load(x + i))));
}

}  // namespace
}  // namespace banyan
