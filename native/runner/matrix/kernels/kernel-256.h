// What kernels of 256 bits share: all but how a block's products are added up, which a file of an instruction set gives
// (`Dot`). Internal linkage, as in kernel.h.
//
// A register has four numbers along k (a quad) of eight columns, so a panel is two of them wide. Rows go four at a
// time: their sums and a quad's weights are what sixteen registers hold.
#pragma once

#include <immintrin.h>

#include <cstring>

#include "runner/matrix/kernels/kernel.h"
#include "runner/matrix/kernels/prefetch.h"
#include "runner/matrix/kernels/unroll.h"

namespace banyan {
namespace {

constexpr int32_t kHalves = 2;
constexpr int32_t kGroup = 4;  // rows at a time

template <int32_t rows>
using Sums = __m256i[rows][kHalves];

/** Compilers would put additions off, and then have no register for what is to be added. */
INLINE void now(__m256i & sum) {
    asm("" : "+x"(sum));
}

INLINE __m256i load(const uint8_t * p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(p));
}

INLINE __m256 halves(const uint8_t * p) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i *>(p)));
}

/** Four bytes, in all columns. */
INLINE __m256i four(const void * p) {
    int32_t bytes;
    std::memcpy(&bytes, p, sizeof(bytes));
    return _mm256_set1_epi32(bytes);
}

/** A quad's bits beyond the fourth, where they belong in its bytes. */
template <PanelType type, int32_t quad>
INLINE __m256i high_of(const uint8_t * planes, int32_t h) {
    constexpr int32_t kPlane = high_plane(type, quad), kBit = high_bit(type, quad);
    const __m256i plane = load(planes + 64 * kPlane + 32 * h);
    const __m256i there = kBit < 4 ? _mm256_slli_epi16(plane, 4 - kBit) : _mm256_srli_epi16(plane, kBit - 4);
    return _mm256_and_si256(there, _mm256_set1_epi8(high_mask(type)));
}

/** Weights of a pair of quads, unsigned, of types that keep them so. */
template <PanelType type, int32_t pair>
INLINE void unpack(const uint8_t * block, int32_t h, __m256i & low, __m256i & high) {
    const __m256i both = load(block + 64 * pair + 32 * h);
    low = _mm256_and_si256(both, _mm256_set1_epi8(15));
    high = _mm256_and_si256(_mm256_srli_epi16(both, 4), _mm256_set1_epi8(15));
    if constexpr (high_bits(type) > 0) {
        const uint8_t * planes = block + quant_bytes(type);
        low = _mm256_or_si256(low, high_of<type, low_quad(type, pair)>(planes, h));
        high = _mm256_or_si256(high, high_of<type, high_quad(type, pair)>(planes, h));
    }
}

/** Of the two halves, by what they are multiplied with: scales of one or two parts, minimums. */
struct Scales {
    __m256 scale[2][kHalves], min[kHalves];
};

INLINE __m256 bytes_as_floats(__m128i eight) {
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(eight));
}

INLINE __m256 signed_bytes_as_floats(__m128i eight) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(eight));
}

template <PanelType type>
INLINE Scales scales_of(const uint8_t * head, const uint8_t * block) {
    Scales scales = {};
    const uint8_t * at = block + quant_bytes(type) + high_bytes(type);
    each<kHalves>([&](auto h) INLINE_WORK {
        if constexpr (group_blocks(type) == 1) {
            scales.scale[0][h] = halves(at + 16 * h);
            if constexpr (has_min(type)) scales.min[h] = halves(at + kHalvesBytes + 16 * h);
        } else {
            const __m256 of_group = halves(head + 16 * h);
            const auto eight = [&](int32_t i) {
                return _mm_loadl_epi64(reinterpret_cast<const __m128i *>(at + kPanelColumns * i + 8 * h));
            };
            if constexpr (has_min(type)) {
                scales.scale[0][h] = _mm256_mul_ps(of_group, bytes_as_floats(eight(0)));
                const __m256 min = _mm256_mul_ps(halves(head + kHalvesBytes + 16 * h), bytes_as_floats(eight(1)));
                scales.min[h] = _mm256_sub_ps(_mm256_setzero_ps(), min);
            } else {
                scales.scale[0][h] = _mm256_mul_ps(of_group, signed_bytes_as_floats(eight(0)));
                scales.scale[1][h] = _mm256_mul_ps(of_group, signed_bytes_as_floats(eight(1)));
            }
        }
    });
    return scales;
}

/** Adds a block's products with rows [first, first + rows) of a tile of `all` rows to their sums. */
template <typename Dot, PanelType type, int32_t rows, int32_t all>
INLINE void add_block(const uint8_t * block, const Scales & scales, const uint8_t * tile, int32_t first,
                      __m256 (*out)[kHalves]) {
    const auto * tile_scales = reinterpret_cast<const float *>(tile + size_t{kBlockSize} * all) + first;
    each<parts_of(type)>([&](auto part) INLINE_WORK {
        Sums<rows> sums;
        Dot::template add_up<type, part, rows>(block, tile + kBlockSize * first, sums);
        each<rows>([&](auto r) INLINE_WORK {
            const float * start = tile_scales + all * (part + 1) + r;
            each<kHalves>([&](auto h) INLINE_WORK {
                __m256i sum = sums[r][h];
                if constexpr (Dot::template unsigned_weights<type>()) sum = _mm256_add_epi32(sum, four(start));
                const __m256 by = _mm256_mul_ps(scales.scale[part][h], _mm256_set1_ps(tile_scales[r]));
                __m256 & to = out[first + r][h];
                to = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), by, to);
                if constexpr (has_min(type)) to = _mm256_fmadd_ps(scales.min[h], _mm256_set1_ps(*start), to);
            });
        });
    });
}

template <typename Dot, PanelType type, int32_t rows>
void multiply_rows(const uint8_t * panel, const uint8_t * tile, int32_t blocks, bool cold, float * const * out) {
    __m256 sums[rows][kHalves];
    for (auto & row : sums) row[0] = row[1] = _mm256_setzero_ps();
    const uint8_t * x = tile;
    for (const uint8_t * group = panel; blocks > 0; group += group_bytes(type), blocks -= group_blocks(type)) {
        for (int32_t b = 0; b < group_blocks(type); ++b, x += tile_bytes(type, rows)) {
            const uint8_t * block = group + head_bytes(type) + b * block_bytes(type);
            if (cold) prefetch<type>(block);
            const Scales scales = scales_of<type>(group, block);
            if constexpr (rows <= kGroup) {
                add_block<Dot, type, rows, rows>(block, scales, x, 0, sums);
            } else {
                add_block<Dot, type, kGroup, rows>(block, scales, x, 0, sums);
                add_block<Dot, type, rows - kGroup, rows>(block, scales, x, kGroup, sums);
            }
        }
    }
    for (int32_t r = 0; r < rows; ++r) {
        for (int32_t h = 0; h < kHalves; ++h) _mm256_storeu_ps(out[r] + 8 * h, sums[r][h]);
    }
}

using Multiply = void (*)(const uint8_t *, const uint8_t *, int32_t, bool, float * const *);

template <typename Dot, PanelType type>
constexpr Multiply kByRows[kTileRows] = {
    multiply_rows<Dot, type, 1>, multiply_rows<Dot, type, 2>, multiply_rows<Dot, type, 3>, multiply_rows<Dot, type, 4>,
    multiply_rows<Dot, type, 5>, multiply_rows<Dot, type, 6>, multiply_rows<Dot, type, 7>, multiply_rows<Dot, type, 8>};

template <typename Dot>
void multiply(PanelType type, const uint8_t * panel, const uint8_t * tile, int32_t rows, int32_t blocks, bool cold,
              float * const * out) {
    const Multiply * by_rows = with_type(type, [](auto of) -> const Multiply * { return kByRows<Dot, of>; });
    by_rows[rows - 1](panel, tile, blocks, cold, out);
}

}  // namespace
}  // namespace banyan
