// AVX-512 with VNNI: four products of a byte each, added up, in all of sixteen columns at once. A tile's rows share the
// weights that are loaded; each of them is one memory operand of the instruction, broadcast.
#if defined(__x86_64__)

#include <immintrin.h>

#include <cstring>

#include "runner/matrix/kernels/kernel.h"
#include "runner/matrix/kernels/prefetch.h"
#include "runner/matrix/kernels/unroll.h"

namespace banyan {
namespace {

__m512 halves(const uint8_t * p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(p)));
}

/** Sixteen bytes, signed or not, as floats. */
template <bool is_signed>
__m512 bytes(const uint8_t * p) {
    const __m128i all = _mm_loadu_si128(reinterpret_cast<const __m128i *>(p));
    return _mm512_cvtepi32_ps(is_signed ? _mm512_cvtepi8_epi32(all) : _mm512_cvtepu8_epi32(all));
}

/** A quad's bits beyond the fourth, where they belong in its bytes. */
template <PanelType type, int32_t quad>
INLINE __m512i high_of(const uint8_t * block) {
    constexpr int32_t kPlane = high_plane(type, quad), kBit = high_bit(type, quad);
    const __m512i plane = _mm512_loadu_si512(block + quant_bytes(type) + 64 * kPlane);
    const __m512i there = kBit < 4 ? _mm512_slli_epi16(plane, 4 - kBit) : _mm512_srli_epi16(plane, kBit - 4);
    return _mm512_and_si512(there, _mm512_set1_epi8(high_mask(type)));
}

/** Weights of a block's quads, unsigned. */
template <PanelType type>
INLINE void load(const uint8_t * p, __m512i (&quads)[kQuads]) {
    if constexpr (type == PanelType::q8_0) {
        for (int32_t j = 0; j < kQuads; ++j) quads[j] = _mm512_loadu_si512(p + 64 * j);
        return;
    }
    const __m512i low = _mm512_set1_epi8(15);
    for (int32_t i = 0; i < kPairs; ++i) {
        const __m512i both = _mm512_loadu_si512(p + 64 * i);
        quads[low_quad(type, i)] = _mm512_and_si512(both, low);
        quads[high_quad(type, i)] = _mm512_and_si512(_mm512_srli_epi16(both, 4), low);
    }
    if constexpr (high_bits(type) > 0) {
        each<kQuads>([&](auto j) INLINE_WORK { quads[j] = _mm512_or_si512(quads[j], high_of<type, j>(p)); });
    }
}

/** By what a block's sums are multiplied: scales of one or two parts, the minimum. */
struct Scales {
    __m512 scale[2], min;
};

template <PanelType type>
INLINE Scales scales_of(const uint8_t * head, const uint8_t * block) {
    const uint8_t * at = block + quant_bytes(type) + high_bytes(type);
    const __m512 none = _mm512_setzero_ps();
    if constexpr (group_blocks(type) == 1) {
        return {{halves(at), none}, has_min(type) ? halves(at + kHalvesBytes) : none};
    } else if constexpr (has_min(type)) {
        const __m512 min = _mm512_mul_ps(halves(head + kHalvesBytes), bytes<false>(at + kPanelColumns));
        return {{_mm512_mul_ps(halves(head), bytes<false>(at)), none}, _mm512_sub_ps(none, min)};
    } else {
        const __m512 of_group = halves(head);
        return {{_mm512_mul_ps(of_group, bytes<true>(at)), _mm512_mul_ps(of_group, bytes<true>(at + kPanelColumns))},
                none};
    }
}

/** Few rows do not fill the time that an addition takes to be done: they are added up in two chains. */
template <int32_t rows, int32_t n_quads>
INLINE __m512i dot(const __m512i * quads, const uint8_t * x, __m512i start) {
    constexpr int32_t kChains = rows <= 2 ? 2 : 1;
    __m512i sums[kChains] = {start};
    if constexpr (kChains == 2) sums[1] = _mm512_setzero_si512();
    for (int32_t j = 0; j < n_quads; ++j) {
        int32_t four;
        std::memcpy(&four, x + 4 * j, sizeof(four));
        sums[j % kChains] = _mm512_dpbusd_epi32(sums[j % kChains], quads[j], _mm512_set1_epi32(four));
    }
    if constexpr (kChains == 2) return _mm512_add_epi32(sums[0], sums[1]);
    return sums[0];
}

/** Adds a block's products with a tile's rows to their sums. */
template <PanelType type, int32_t rows>
INLINE void add_block(const uint8_t * head, const uint8_t * block, const uint8_t * tile, __m512 (&sums)[rows]) {
    constexpr int32_t kParts = parts_of(type), kQuadsOfPart = kQuads / kParts;
    __m512i quads[kQuads];
    load<type>(block, quads);
    const Scales scales = scales_of<type>(head, block);
    const auto * tile_scales = reinterpret_cast<const float *>(tile + size_t{kBlockSize} * rows);
    each<rows>([&](auto r) INLINE_WORK {
        each<kParts>([&](auto part) INLINE_WORK {
            const uint8_t * x = tile + kBlockSize * r + kBlockSize / kParts * part;
            const float * start = tile_scales + rows * (part + 1) + r;
            __m512i from = _mm512_setzero_si512();
            if constexpr (!has_min(type)) {
                int32_t correction;
                std::memcpy(&correction, start, sizeof(correction));
                from = _mm512_set1_epi32(correction);
            }
            const __m512i sum = dot<rows, kQuadsOfPart>(quads + kQuadsOfPart * part, x, from);
            const __m512 by = _mm512_mul_ps(scales.scale[part], _mm512_set1_ps(tile_scales[r]));
            sums[r] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), by, sums[r]);
            if constexpr (has_min(type)) sums[r] = _mm512_fmadd_ps(scales.min, _mm512_set1_ps(*start), sums[r]);
        });
    });
}

/**
 * A row alone is as fast as the processor's own foresight; so are other types, whose blocks are half as long (Zen 4;
 * with AVX2 on Zen 3 all gain).
 */
template <PanelType type, int32_t rows>
constexpr bool kAsksAhead = type == PanelType::q8_0 && rows > 1;

template <PanelType type, int32_t rows>
void multiply_rows(const uint8_t * panel, const uint8_t * tile, int32_t blocks, bool cold, float * const * out) {
    __m512 sums[rows];
    for (int32_t r = 0; r < rows; ++r) sums[r] = _mm512_setzero_ps();
    for (const uint8_t * group = panel; blocks > 0; group += group_bytes(type), blocks -= group_blocks(type)) {
        for (int32_t b = 0; b < group_blocks(type); ++b, tile += tile_bytes(type, rows)) {
            const uint8_t * block = group + head_bytes(type) + b * block_bytes(type);
            if (kAsksAhead<type, rows> && cold) prefetch<type>(block);
            add_block<type, rows>(group, block, tile, sums);
        }
    }
    for (int32_t r = 0; r < rows; ++r) _mm512_storeu_ps(out[r], sums[r]);
}

using Multiply = void (*)(const uint8_t *, const uint8_t *, int32_t, bool, float * const *);

template <PanelType type>
constexpr Multiply kByRows[kTileRows] = {multiply_rows<type, 1>, multiply_rows<type, 2>, multiply_rows<type, 3>,
                                         multiply_rows<type, 4>, multiply_rows<type, 5>, multiply_rows<type, 6>,
                                         multiply_rows<type, 7>, multiply_rows<type, 8>};

void multiply(PanelType type, const uint8_t * panel, const uint8_t * tile, int32_t rows, int32_t blocks, bool cold,
              float * const * out) {
    const Multiply * by_rows = with_type(type, [](auto of) -> const Multiply * { return kByRows<of>; });
    by_rows[rows - 1](panel, tile, blocks, cold, out);
}

}  // namespace

extern const MatrixKernel kMatrix_vnni;
const MatrixKernel kMatrix_vnni = {"vnni", multiply};

}  // namespace banyan

#endif
