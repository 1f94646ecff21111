// What kernels of 256 bits share: all but how a block's products are added up, which a file of an instruction set gives
// (`Dot`). Internal linkage, as in kernel.h.
//
// A register has four numbers along k (a quad) of eight columns, so a panel is two of them wide. Rows go four at a
// time: their sums and a quad's weights are what sixteen registers hold.
#pragma once

#include <immintrin.h>

#include <cstring>
#include <utility>

#include "runner/matrix/kernel.h"
#include "runner/matrix/prefetch.h"

#define INLINE __attribute__((always_inline)) static inline
#define INLINE_WORK __attribute__((always_inline))

namespace banyan {
namespace {

constexpr int32_t kHalves = 2;
constexpr int32_t kGroup = 4;  // rows at a time

template <int32_t rows>
using Sums = __m256i[rows][kHalves];

template <typename Work, int32_t... i>
INLINE void each_of(std::integer_sequence<int32_t, i...>, Work work) {
    (work(std::integral_constant<int32_t, i>()), ...);
}

/** work(0) ... work(n - 1), written out: arrays that are used in it stay in registers. */
template <int32_t n, typename Work>
INLINE void each(Work work) {
    each_of(std::make_integer_sequence<int32_t, n>(), work);
}

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

/** 16 where the bit of a quad is set. */
template <int32_t quad>
INLINE __m256i sixteens(__m256i fifths) {
    const __m256i there = quad < 4 ? _mm256_slli_epi16(fifths, 4 - quad) : _mm256_srli_epi16(fifths, quad - 4);
    return _mm256_and_si256(there, _mm256_set1_epi8(16));
}

/** Weights of the quads j and j + 4 of a half, unsigned, of types that keep them in pairs. */
template <PanelType type, int32_t j>
INLINE void unpack(const uint8_t * block, int32_t h, __m256i & low, __m256i & high) {
    const __m256i pairs = load(block + 64 * j + 32 * h);
    low = _mm256_and_si256(pairs, _mm256_set1_epi8(15));
    high = _mm256_and_si256(_mm256_srli_epi16(pairs, 4), _mm256_set1_epi8(15));
    if constexpr (fifth_bytes(type) > 0) {
        const __m256i fifths = load(block + quant_bytes(type) + 32 * h);
        low = _mm256_or_si256(low, sixteens<j>(fifths));
        high = _mm256_or_si256(high, sixteens<j + kQuads / 2>(fifths));
    }
}

/** What a block has beside its quants. */
struct Scales {
    __m256 scale[kHalves], min[kHalves];
};

template <PanelType type>
INLINE Scales scales_of(const uint8_t * block) {
    Scales scales;
    for (int32_t h = 0; h < kHalves; ++h) {
        const uint8_t * at = block + quant_bytes(type) + fifth_bytes(type) + 16 * h;
        scales.scale[h] = halves(at);
        scales.min[h] = has_min(type) ? halves(at + kScaleBytes) : _mm256_setzero_ps();
    }
    return scales;
}

/** Adds a block's products with rows [first, first + rows) of a tile of `all` rows to their sums. */
template <typename Dot, PanelType type, int32_t rows, int32_t all>
INLINE void add_block(const uint8_t * block, const Scales & scales, const uint8_t * tile, int32_t first,
                      __m256 (*out)[kHalves]) {
    Sums<rows> sums;
    Dot::template add_up<type, rows>(block, tile + kBlockSize * first, sums);
    const auto * tile_scales = reinterpret_cast<const float *>(tile + size_t{kBlockSize} * all) + first;
    each<rows>([&](auto r) INLINE_WORK {
        each<kHalves>([&](auto h) INLINE_WORK {
            __m256i sum = sums[r][h];
            if constexpr (Dot::template unsigned_weights<type>()) {
                sum = _mm256_add_epi32(sum, four(tile_scales + all + r));
            }
            const __m256 by = _mm256_mul_ps(scales.scale[h], _mm256_set1_ps(tile_scales[r]));
            __m256 & to = out[first + r][h];
            to = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), by, to);
            if constexpr (has_min(type)) to = _mm256_fmadd_ps(scales.min[h], _mm256_set1_ps(tile_scales[all + r]), to);
        });
    });
}

template <typename Dot, PanelType type, int32_t rows>
void multiply_rows(const uint8_t * panel, const uint8_t * tile, int32_t blocks, bool cold, float * const * out) {
    __m256 sums[rows][kHalves];
    for (auto & row : sums) row[0] = row[1] = _mm256_setzero_ps();
    for (int32_t b = 0; b < blocks; ++b) {
        const uint8_t * block = panel + b * block_bytes(type);
        const uint8_t * x = tile + b * tile_bytes(rows);
        if (asks_ahead<type, rows>() && cold) prefetch<type>(block);
        const Scales scales = scales_of<type>(block);
        if constexpr (rows <= kGroup) {
            add_block<Dot, type, rows, rows>(block, scales, x, 0, sums);
        } else {
            add_block<Dot, type, kGroup, rows>(block, scales, x, 0, sums);
            add_block<Dot, type, rows - kGroup, rows>(block, scales, x, kGroup, sums);
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
const Multiply * by_rows(PanelType type) {
    switch (type) {
        case PanelType::q8_0:
            return kByRows<Dot, PanelType::q8_0>;
        case PanelType::q4_1:
            return kByRows<Dot, PanelType::q4_1>;
        case PanelType::q5_0:
            return kByRows<Dot, PanelType::q5_0>;
        case PanelType::q5_1:
            return kByRows<Dot, PanelType::q5_1>;
    }
    return nullptr;
}

template <typename Dot>
void multiply(PanelType type, const uint8_t * panel, const uint8_t * tile, int32_t rows, int32_t blocks, bool cold,
              float * const * out) {
    by_rows<Dot>(type)[rows - 1](panel, tile, blocks, cold, out);
}

}  // namespace
}  // namespace banyan
