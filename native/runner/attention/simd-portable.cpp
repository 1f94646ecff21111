// The vector operations that the kernel is written in, as plain C++: the reference for the other instruction sets and
// what runs where none of them does. Everything here and in kernel-unit.h has internal linkage: each instruction set's
// translation unit keeps its own copy, so the linker never mixes code built with different -m flags.

#include <cstdint>
#include <cstring>

namespace banyan {
namespace {

struct Simd {
    static constexpr int kWidth = 4;          // floats a vector
    static constexpr int kNarrowRows = 2;     // query rows that the dot kernels take at once
    static constexpr int kNarrowVecs = 8;     // vectors of output they accumulate at once
    static constexpr int kGemmVecs = 2;       // vectors of a register block
    static constexpr int kGemmRegisters = 8;  // vectors it adds up in

    struct V {
        float x[kWidth];
    };

    static V zero() { return set1(0); }
    static V set1(float x) {
        return each([x](int) { return x; });
    }
    static V load(const float * p) {
        return each([p](int i) { return p[i]; });
    }
    static void store(float * p, V a) { std::memcpy(p, a.x, sizeof(a.x)); }
    static V add(V a, V b) {
        return each([&](int i) { return a.x[i] + b.x[i]; });
    }
    static V sub(V a, V b) {
        return each([&](int i) { return a.x[i] - b.x[i]; });
    }
    static V mul(V a, V b) {
        return each([&](int i) { return a.x[i] * b.x[i]; });
    }
    static V div(V a, V b) {
        return each([&](int i) { return a.x[i] / b.x[i]; });
    }
    static V max(V a, V b) {
        return each([&](int i) { return a.x[i] > b.x[i] ? a.x[i] : b.x[i]; });
    }
    static V min(V a, V b) {
        return each([&](int i) { return a.x[i] < b.x[i] ? a.x[i] : b.x[i]; });
    }
    /** a * b + c */
    static V fma(V a, V b, V c) {
        return each([&](int i) { return a.x[i] * b.x[i] + c.x[i]; });
    }
    /** c - a * b */
    static V fnma(V a, V b, V c) {
        return each([&](int i) { return c.x[i] - a.x[i] * b.x[i]; });
    }

    static V load_f16(const void * p) {
        return each([p](int i) { return half(at<uint16_t>(p, i)); });
    }
    static V load_bf16(const void * p) {
        return each([p](int i) { return from_bits(static_cast<uint32_t>(at<uint16_t>(p, i)) << 16); });
    }
    static V load_i8(const void * p) {
        return each([p](int i) { return static_cast<float>(at<int8_t>(p, i)); });
    }
    /** The low or high nibbles of kWidth bytes, minus 8. */
    static V load_q4(const uint8_t * p, bool high) {
        return each([p, high](int i) { return static_cast<float>((high ? p[i] >> 4 : p[i] & 15) - 8); });
    }
    static float half(uint16_t h) {
        const uint32_t sign = static_cast<uint32_t>(h & 0x8000) << 16;
        const uint32_t magnitude = static_cast<uint32_t>(h & 0x7FFF) << 13;
        if (magnitude >= 0x0F800000) return from_bits(sign | (magnitude + 0x70000000));  // inf, nan
        const float scaled = from_bits(magnitude) * from_bits(0x77800000);               // times 2^112: subnormals too
        return sign ? -scaled : scaled;
    }

    static V round(V a) {
        constexpr float kMagic = 12582912.0f;  // 1.5 * 2^23: adding it drops the fraction; |x| < 2^22
        return each([&](int i) { return (a.x[i] + kMagic) - kMagic; });
    }
    /** a * 2^n for integral n in [-126, 127] */
    static V scale2(V a, V n) {
        return each(
            [&](int i) { return a.x[i] * from_bits(static_cast<uint32_t>(static_cast<int32_t>(n.x[i]) + 127) << 23); });
    }
    /** a where x >= limit, else 0 */
    static V zero_below(V a, V x, float limit) {
        return each([&](int i) { return x.x[i] >= limit ? a.x[i] : 0.0f; });
    }
    static float reduce_add(V a) { return (a.x[0] + a.x[1]) + (a.x[2] + a.x[3]); }
    static float reduce_max(V a) {
        float m = a.x[0];
        for (int i = 1; i < kWidth; ++i) m = a.x[i] > m ? a.x[i] : m;
        return m;
    }
    /** out[0..4) = the sums of a, b, c, d */
    static void reduce_add4(float * out, V a, V b, V c, V d) {
        out[0] = reduce_add(a);
        out[1] = reduce_add(b);
        out[2] = reduce_add(c);
        out[3] = reduce_add(d);
    }
    static void prefetch(const void *) {}

  private:
    template <typename F>
    static V each(F f) {
        V r;
        for (int i = 0; i < kWidth; ++i) r.x[i] = f(i);
        return r;
    }
    template <typename T>
    static T at(const void * p, int i) {
        T value;
        std::memcpy(&value, static_cast<const char *>(p) + i * sizeof(T), sizeof(T));
        return value;
    }
    static float from_bits(uint32_t bits) {
        float f;
        std::memcpy(&f, &bits, sizeof(f));
        return f;
    }
};

}  // namespace
}  // namespace banyan

#include "runner/attention/kernel-unit.h"

BANYAN_ATTENTION_KERNEL(portable)
