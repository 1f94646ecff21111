// Every kernel of one cache type, by head size and family, for the dispatcher. One .cu file a cache type.
#pragma once

#include "runner/cuda/kernel.cuh"

namespace banyan::cuda {

enum class Family : uint8_t { large, compact, small };  // see tile-shape.h

struct KernelEntry {
    int dk, dv;
    bool values_in_keys;
    Family family;
    int shared_bytes;
    cudaError_t (*launch)(const AttentionOp & op, int device, cudaStream_t stream);
};

struct KernelTable {
    const KernelEntry * entries;
    int n;
};

KernelTable kernels_f16();
KernelTable kernels_bf16();
KernelTable kernels_q8_0();
KernelTable kernels_q4_0();

template <class Shape, KvType kType>
constexpr KernelEntry entry(Family family) {
    return {Shape::kDK, Shape::kDV, Shape::kValuesInKeys, family, Shape::kBytes, launch_attention<Shape, kType>};
}

/** Blocks of a quantised cache are 32 numbers: heads of 80 and 112 cannot be stored in them. */
template <KvType kType>
KernelTable kernel_table() {
    static const KernelEntry entries[] = {
#define BANYAN_HEAD(DK, DV) \
    entry<LargeShape<DK, DV>, kType>(Family::large), entry<CompactShape<DK, DV>, kType>(Family::compact)
        BANYAN_HEAD(64, 64),
        BANYAN_HEAD(96, 96),
        BANYAN_HEAD(128, 128),
        BANYAN_HEAD(192, 128),
        BANYAN_HEAD(192, 192),
        BANYAN_HEAD(256, 256),
        BANYAN_HEAD(576, 512),
        entry<SmallShape<192, 128>, kType>(Family::small),
        entry<SmallShape<192, 192>, kType>(Family::small),
        entry<SmallShape<256, 256>, kType>(Family::small),
    };
    return {entries, static_cast<int>(sizeof(entries) / sizeof(entries[0]))};
}

template <KvType kType>
KernelTable kernel_table_unquantised() {
    static const KernelTable common = kernel_table<kType>();
    static KernelEntry entries[32];
    static const int n = [] {
        int count = 0;
        for (int i = 0; i < common.n; ++i) entries[count++] = common.entries[i];
        for (const KernelEntry & e : {BANYAN_HEAD(80, 80), BANYAN_HEAD(112, 112)}) entries[count++] = e;
        return count;
    }();
    return {entries, n};
}
#undef BANYAN_HEAD

}  // namespace banyan::cuda
