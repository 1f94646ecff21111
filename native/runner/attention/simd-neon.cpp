// Four floats at a time: ARMv8-A NEON, in every arm64 machine. See simd-portable.cpp for what each operation means.
#if defined(__aarch64__)

#include <arm_neon.h>

#include <cstdint>

namespace banyan {
namespace {

struct Simd {
    using V = float32x4_t;
    static constexpr int kWidth = 4;
    static constexpr int kNarrowRows = 4;
    static constexpr int kNarrowVecs = 16;
    static constexpr int kGemmVecs = 4;
    static constexpr int kGemmRegisters = 24;

    static V zero() { return vdupq_n_f32(0); }
    static V set1(float x) { return vdupq_n_f32(x); }
    static V load(const float * p) { return vld1q_f32(p); }
    static void store(float * p, V a) { vst1q_f32(p, a); }
    static V add(V a, V b) { return vaddq_f32(a, b); }
    static V sub(V a, V b) { return vsubq_f32(a, b); }
    static V mul(V a, V b) { return vmulq_f32(a, b); }
    static V div(V a, V b) { return vdivq_f32(a, b); }
    static V max(V a, V b) { return vmaxq_f32(a, b); }
    static V min(V a, V b) { return vminq_f32(a, b); }
    static V fma(V a, V b, V c) { return vfmaq_f32(c, a, b); }
    static V fnma(V a, V b, V c) { return vfmsq_f32(c, a, b); }

    static V load_f16(const void * p) {
        return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(static_cast<const uint16_t *>(p))));
    }
    static V load_bf16(const void * p) {
        return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(static_cast<const uint16_t *>(p)), 16));
    }
    static V load_i8(const void * p) { return widen(vreinterpret_s8_u32(load4(p))); }
    static V load_q4(const uint8_t * p, bool high) {
        uint8x8_t bytes = vreinterpret_u8_u32(load4(p));
        bytes = high ? vshr_n_u8(bytes, 4) : vand_u8(bytes, vdup_n_u8(15));
        return widen(vsub_s8(vreinterpret_s8_u8(bytes), vdup_n_s8(8)));
    }
    static float half(uint16_t h) { return vgetq_lane_f32(vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(h))), 0); }

    static V round(V a) { return vrndnq_f32(a); }
    static V scale2(V a, V n) {
        const int32x4_t exponent = vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127)), 23);
        return mul(a, vreinterpretq_f32_s32(exponent));
    }
    static V zero_below(V a, V x, float limit) {
        return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(a), vcgeq_f32(x, set1(limit))));
    }
    static float reduce_add(V a) { return vaddvq_f32(a); }
    static float reduce_max(V a) { return vmaxvq_f32(a); }
    static void reduce_add4(float * out, V a, V b, V c, V d) {
        store(out, vpaddq_f32(vpaddq_f32(a, b), vpaddq_f32(c, d)));
    }
    static void prefetch(const void * p) { __builtin_prefetch(p); }

  private:
    static uint32x2_t load4(const void * p) {
        uint32_t four;
        __builtin_memcpy(&four, p, sizeof(four));
        return vdup_n_u32(four);
    }
    static V widen(int8x8_t a) { return vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(a)))); }
};

}  // namespace
}  // namespace banyan

#include "runner/attention/kernel-unit.h"

BANYAN_ATTENTION_KERNEL(neon)

#endif
