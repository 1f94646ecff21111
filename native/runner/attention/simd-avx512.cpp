// Sixteen floats at a time. See simd-portable.cpp for what each operation means.
#if defined(__x86_64__)

#include <immintrin.h>

#include <cstdint>

namespace banyan {
namespace {

struct Simd {
    using V = __m512;
    static constexpr int kWidth = 16;
    static constexpr int kNarrowRows = 4;
    static constexpr int kNarrowVecs = 16;
    static constexpr int kGemmVecs = 4;
    static constexpr int kGemmRegisters = 24;

    static V zero() { return _mm512_setzero_ps(); }
    static V set1(float x) { return _mm512_set1_ps(x); }
    static V load(const float * p) { return _mm512_loadu_ps(p); }
    static void store(float * p, V a) { _mm512_storeu_ps(p, a); }
    static V add(V a, V b) { return _mm512_add_ps(a, b); }
    static V sub(V a, V b) { return _mm512_sub_ps(a, b); }
    static V mul(V a, V b) { return _mm512_mul_ps(a, b); }
    static V div(V a, V b) { return _mm512_div_ps(a, b); }
    static V max(V a, V b) { return _mm512_max_ps(a, b); }
    static V min(V a, V b) { return _mm512_min_ps(a, b); }
    static V fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
    static V fnma(V a, V b, V c) { return _mm512_fnmadd_ps(a, b, c); }

    static V load_f16(const void * p) { return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i *>(p))); }
    static V load_bf16(const void * p) {
        const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(static_cast<const __m256i *>(p)));
        return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
    }
    static V load_i8(const void * p) {
        return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(static_cast<const __m128i *>(p))));
    }
    static V load_q4(const uint8_t * p, bool high) {
        __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i *>(p));
        if (high) bytes = _mm_srli_epi16(bytes, 4);
        bytes = _mm_sub_epi8(_mm_and_si128(bytes, _mm_set1_epi8(15)), _mm_set1_epi8(8));
        return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes));
    }
    static float half(uint16_t h) { return _cvtsh_ss(h); }

    static V round(V a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
    static V scale2(V a, V n) { return _mm512_scalef_ps(a, n); }
    static V zero_below(V a, V x, float limit) {
        return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, set1(limit), _CMP_GE_OQ), a);
    }
    static float reduce_add(V a) { return _mm512_reduce_add_ps(a); }
    static float reduce_max(V a) { return _mm512_reduce_max_ps(a); }
    static void reduce_add4(float * out, V a, V b, V c, V d) {
        const V ab = add(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
        const V cd = add(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
        const V abcd = add(_mm512_shuffle_ps(ab, cd, 0x44), _mm512_shuffle_ps(ab, cd, 0xEE));  // a b c d in each lane
        const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(abcd), _mm512_extractf32x8_ps(abcd, 1));
        _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1)));
    }
    static void prefetch(const void * p) { _mm_prefetch(static_cast<const char *>(p), _MM_HINT_T1); }
};

}  // namespace
}  // namespace banyan

#include "runner/attention/kernel-unit.h"

BANYAN_ATTENTION_KERNEL(avx512)

#endif
