// Keys or values from the pages into shared memory, as 16-bit numbers whatever the cache holds.
#pragma once

#include "runner/cuda/attention-args.h"
#include "runner/cuda/numbers.h"

namespace banyan::cuda {

/** What the matrix units multiply for a cache of this type. */
template <KvType kType>
BANYAN_SHARED constexpr Number number_of() {
#ifdef BANYAN_CUDA_TURING
    return Number::f16;
#else
    return kType == KvType::bf16 ? Number::bf16 : Number::f16;
#endif
}

struct alignas(16) Chunk {
    uint32_t x[4];  // 8 numbers
};

BANYAN_DEVICE uint16_t load16(const char * from) {
    return *reinterpret_cast<const uint16_t *>(from);
}

/** Numbers [8 * chunk, 8 * chunk + 8) of a row of q8_0 blocks: {f16 scale, int8[32]}. */
BANYAN_DEVICE Chunk unpack_q8_0(const char * row, int chunk) {
    const char * block = row + chunk / 4 * 34;
    const float scale = f16_to_float(load16(block));
    const char * q = block + 2 + chunk % 4 * 8;
    Chunk out;
    BANYAN_UNROLL
    for (int i = 0; i < 4; ++i) {
        const uint16_t pair = load16(q + 2 * i);
        out.x[i] = pack<Number::f16>(scale * static_cast<int8_t>(pair & 255), scale * static_cast<int8_t>(pair >> 8));
    }
    return out;
}

/** The same of q4_0 blocks: {f16 scale, 16 bytes}, number i < 16 in the low nibble of byte i, i + 16 in the high one.
 */
BANYAN_DEVICE Chunk unpack_q4_0(const char * row, int chunk) {
    const char * block = row + chunk / 4 * 18;
    const float scale = f16_to_float(load16(block));
    const char * q = block + 2 + chunk % 2 * 8;
    const int shift = chunk % 4 / 2 * 4;
    Chunk out;
    BANYAN_UNROLL
    for (int i = 0; i < 4; ++i) {
        const int pair = load16(q + 2 * i) >> shift;
        out.x[i] = pack<Number::f16>(scale * ((pair & 15) - 8), scale * ((pair >> 8 & 15) - 8));
    }
    return out;
}

/** bf16 widened to f16 for devices that do not multiply bf16; beyond f16's range it saturates. */
BANYAN_DEVICE Chunk narrow_bf16(const char * row, int chunk) {
    Chunk out;
    BANYAN_UNROLL
    for (int i = 0; i < 4; ++i) {
        float pair[2];
        BANYAN_UNROLL
        for (int j = 0; j < 2; ++j) {
            const float x = bf16_to_float(load16(row + chunk * 16 + i * 4 + j * 2));
            pair[j] = x > 65504.0f ? 65504.0f : x < -65504.0f ? -65504.0f : x;
        }
        out.x[i] = pack<Number::f16>(pair[0], pair[1]);
    }
    return out;
}

/**
 * Rows of kKeys cells of one head, D numbers each, to `to` + key * stride. Lane l brings the cell of key l % kKeys.
 * f16 and bf16 go by asynchronous copies (the caller commits and waits); quantised rows are unpacked on the way.
 */
template <KvType kType, int D, int kKeys, typename Warp>
BANYAN_DEVICE void load_rows(Warp & warp, char * to, int stride, const KvSide & side, int head,
                             const PerLane<int> & cells) {
    constexpr int kChunks = D / 8;
    constexpr int kTotal = kKeys * kChunks;
    // Copies need no registers; unpacking does, and all of it unrolled would spill.
    constexpr bool kUnpacked =
        kType == KvType::q8_0 || kType == KvType::q4_0 || (kType == KvType::bf16 && number_of<kType>() == Number::f16);
    [[maybe_unused]] constexpr int kUnroll = kUnpacked ? 4 : kTotal;
    const char * base = side.data + head * side.head_stride;
    BANYAN_UNROLL_FEW
    for (int first = 0; first < kTotal; first += kLanes) {
        PerLane<int> key;
        each_lane([&](int lane) {
            const int at = first + lane;
            key[lane] = (at < kTotal ? at : kTotal - 1) / kChunks;
        });
        const PerLane<int> cell = warp.shuffle(cells, key);
        each_lane([&](int lane) {
            const int at = first + lane;
            if (kTotal % kLanes != 0 && at >= kTotal) return;
            const int chunk = at % kChunks;
            const char * row = base + cell[lane] * side.cell_stride;
            char * place = to + key[lane] * stride + chunk * 16;
            if constexpr (kType == KvType::q8_0) {
                *reinterpret_cast<Chunk *>(place) = unpack_q8_0(row, chunk);
            } else if constexpr (kType == KvType::q4_0) {
                *reinterpret_cast<Chunk *>(place) = unpack_q4_0(row, chunk);
            } else if constexpr (kType == KvType::bf16 && number_of<kType>() == Number::f16) {
                *reinterpret_cast<Chunk *>(place) = narrow_bf16(row, chunk);
            } else {
                warp.copy16(lane, place, row + chunk * 16);
            }
        });
    }
}

}  // namespace banyan::cuda
