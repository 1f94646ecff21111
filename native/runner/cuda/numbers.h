// 16-bit numbers of the matrix units: f16, or bf16 where the cache holds bf16 and the device multiplies it (sm_80).
#pragma once

#include <cmath>
#include <cstring>

#include "runner/cuda/lane.h"

#if defined(__CUDACC__)
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#endif

namespace banyan::cuda {

enum class Number : uint8_t { f16, bf16 };

#if defined(__CUDACC__)

BANYAN_DEVICE float f16_to_float(uint16_t bits) {
    return __half2float(__ushort_as_half(bits));
}
BANYAN_DEVICE float bf16_to_float(uint16_t bits) {
    return __uint_as_float(static_cast<uint32_t>(bits) << 16);
}
BANYAN_DEVICE uint32_t float_bits(float x) {
    return __float_as_uint(x);
}

template <Number kNumber>
BANYAN_DEVICE uint32_t pack(float low, float high) {
    if constexpr (kNumber == Number::f16) {
        const __half2 pair = __floats2half2_rn(low, high);
        return reinterpret_cast<const uint32_t &>(pair);
    } else {
        const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
        return reinterpret_cast<const uint32_t &>(pair);
    }
}

BANYAN_DEVICE float exp2_fast(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

#else

inline uint32_t float_bits(float x) {
    uint32_t bits;
    std::memcpy(&bits, &x, sizeof(bits));
    return bits;
}
inline float bits_float(uint32_t bits) {
    float x;
    std::memcpy(&x, &bits, sizeof(x));
    return x;
}

inline float bf16_to_float(uint16_t bits) {
    return bits_float(static_cast<uint32_t>(bits) << 16);
}

inline float f16_to_float(uint16_t bits) {
    const uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16;
    const int exponent = (bits >> 10) & 31;
    const int mantissa = bits & 1023;
    if (exponent == 31) return bits_float(sign | 0x7f800000u | static_cast<uint32_t>(mantissa) << 13);
    if (exponent == 0) return bits_float(sign | float_bits(std::ldexp(static_cast<float>(mantissa), -24)));
    return bits_float(sign | static_cast<uint32_t>(exponent + 112) << 23 | static_cast<uint32_t>(mantissa) << 13);
}

/** To nearest, ties to even, as the device rounds. */
inline uint16_t float_to_f16(float x) {
    const uint16_t sign = static_cast<uint16_t>(float_bits(x) >> 16 & 0x8000u);
    const float a = std::fabs(x);
    if (std::isnan(x)) return 0x7e00;
    if (a >= 65520.0f) return sign | 0x7c00;
    if (a < 6.103515625e-05f) return sign | static_cast<uint16_t>(std::nearbyint(std::ldexp(a, 24)));
    const uint32_t bits = float_bits(a);
    const uint32_t rounded = bits + 0xfffu + (bits >> 13 & 1u);
    return sign | static_cast<uint16_t>((rounded - (112u << 23)) >> 13);
}

inline uint16_t float_to_bf16(float x) {
    if (std::isnan(x)) return 0x7fc0;
    const uint32_t bits = float_bits(x);
    return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

template <Number kNumber>
inline uint32_t pack(float low, float high) {
    if constexpr (kNumber == Number::f16) return float_to_f16(low) | static_cast<uint32_t>(float_to_f16(high)) << 16;
    return float_to_bf16(low) | static_cast<uint32_t>(float_to_bf16(high)) << 16;
}

inline float exp2_fast(float x) {
    return std::exp2(x);
}

#endif

/** tanh through one exponential; the argument is clamped where the result is 1 in f32. */
BANYAN_DEVICE float tanh_fast(float x) {
    constexpr float kTwoLog2e = 2.8853900817779268f;
    const float bounded = x > 10.0f ? 10.0f : x < -10.0f ? -10.0f : x;
    return 1.0f - 2.0f / (exp2_fast(bounded * kTwoLog2e) + 1.0f);
}

}  // namespace banyan::cuda
