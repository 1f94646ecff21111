// Warp code that is written once and runs in two places: on the device, where a lane is a thread, and in tests on the
// CPU, where a warp is one thread that walks its 32 lanes.
//
// A PerLane<T> is a register: one value on the device, 32 on the CPU. Code outside each_lane is the same for the whole
// warp (it must not branch on a lane's value); code inside sees one lane and talks to no other. Lanes meet only in the
// collectives of Warp (warp.cuh, and test/cuda/warp-emulation.h for the CPU).
#pragma once

#include <cstdint>

#if defined(__CUDACC__)
#define BANYAN_DEVICE __device__ __forceinline__
#define BANYAN_SHARED __host__ __device__ __forceinline__  // plain arithmetic that host code uses too
#define BANYAN_UNROLL _Pragma("unroll")
#define BANYAN_UNROLL_FEW _Pragma("unroll kUnroll")  // as often as the constant of that name says
#else
#define BANYAN_DEVICE inline
#define BANYAN_SHARED inline
#define BANYAN_UNROLL
#define BANYAN_UNROLL_FEW
#endif

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
#define BANYAN_CUDA_TURING 1  // no m16n8k16, no bf16 products, no cp.async
#endif

namespace banyan::cuda {

constexpr int kLanes = 32;

#if defined(__CUDACC__)

template <typename T>
struct PerLane {
    T value;
    BANYAN_DEVICE T & operator[](int) { return value; }
    BANYAN_DEVICE const T & operator[](int) const { return value; }
};

template <typename Fn>
BANYAN_DEVICE void each_lane(Fn && fn) {
    fn(static_cast<int>(threadIdx.x) % kLanes);
}

#else

template <typename T>
struct PerLane {
    T value[kLanes];
    T & operator[](int lane) { return value[lane]; }
    const T & operator[](int lane) const { return value[lane]; }
};

template <typename Fn>
inline void each_lane(Fn && fn) {
    for (int lane = 0; lane < kLanes; ++lane) fn(lane);
}

#endif

/** Registers of m16n8k16: A is 16 x 16, B is 16 x 8, both in 16-bit pairs; C is 16 x 8 in f32. */
struct FragA {
    uint32_t x[4];
};
struct FragB {
    uint32_t x[2];
};
struct FragC {
    float x[4];
};  // row lane/4: x[0], x[1] at columns 2*(lane%4), +1; row lane/4 + 8: x[2], x[3]

/** Four neighbouring numbers, read and written at once. */
struct alignas(16) Four {
    float x[4];
};

}  // namespace banyan::cuda
