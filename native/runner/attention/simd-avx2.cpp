// Eight floats at a time: AVX2, FMA, F16C. See simd-portable.cpp for what each operation means.
#if defined(__x86_64__)

#include <immintrin.h>

#include <cstdint>

namespace banyan {
namespace {

struct Simd {
    using V = __m256;
    static constexpr int kWidth = 8;
    static constexpr int kNarrowRows = 2;
    static constexpr int kNarrowVecs = 8;
    static constexpr int kGemmVecs = 2;
    static constexpr int kGemmRegisters = 12;

    static V zero() { return _mm256_setzero_ps(); }
    static V set1(float x) { return _mm256_set1_ps(x); }
    static V load(const float * p) { return _mm256_loadu_ps(p); }
    static void store(float * p, V a) { _mm256_storeu_ps(p, a); }
    static V add(V a, V b) { return _mm256_add_ps(a, b); }
    static V sub(V a, V b) { return _mm256_sub_ps(a, b); }
    static V mul(V a, V b) { return _mm256_mul_ps(a, b); }
    static V div(V a, V b) { return _mm256_div_ps(a, b); }
    static V max(V a, V b) { return _mm256_max_ps(a, b); }
    static V min(V a, V b) { return _mm256_min_ps(a, b); }
    static V fma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }
    static V fnma(V a, V b, V c) { return _mm256_fnmadd_ps(a, b, c); }

    static V load_f16(const void * p) { return _mm256_cvtph_ps(_mm_loadu_si128(static_cast<const __m128i *>(p))); }
    static V load_bf16(const void * p) {
        const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(static_cast<const __m128i *>(p)));
        return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
    }
    static V load_i8(const void * p) {
        return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(static_cast<const __m128i *>(p))));
    }
    static V load_q4(const uint8_t * p, bool high) {
        __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i *>(p));
        if (high) bytes = _mm_srli_epi16(bytes, 4);
        bytes = _mm_sub_epi8(_mm_and_si128(bytes, _mm_set1_epi8(15)), _mm_set1_epi8(8));
        return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
    }
    static float half(uint16_t h) { return _cvtsh_ss(h); }

    static V round(V a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
    static V scale2(V a, V n) {
        const __m256i exponent = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
        return mul(a, _mm256_castsi256_ps(exponent));
    }
    static V zero_below(V a, V x, float limit) { return _mm256_and_ps(a, _mm256_cmp_ps(x, set1(limit), _CMP_GE_OQ)); }
    static float reduce_add(V a) {
        __m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
        s = _mm_add_ps(s, _mm_movehl_ps(s, s));
        return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
    }
    static float reduce_max(V a) {
        __m128 s = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
        s = _mm_max_ps(s, _mm_movehl_ps(s, s));
        return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
    }
    static void reduce_add4(float * out, V a, V b, V c, V d) {
        const V sums = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
        _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps(sums, 1)));
    }
    static void prefetch(const void * p) { _mm_prefetch(static_cast<const char *>(p), _MM_HINT_T1); }
};

}  // namespace
}  // namespace banyan

#include "runner/attention/kernel-unit.h"

BANYAN_ATTENTION_KERNEL(avx2)

#endif
