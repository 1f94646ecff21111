// AVX-512 with VNNI: four products of a byte each, added up, in all of sixteen columns at once. A tile's rows share the
// weights that are loaded; each of them is one memory operand of the instruction, broadcast.
#if defined(__x86_64__)

#include <immintrin.h>

#include <cstring>

#include "runner/matrix/kernel.h"
#include "runner/matrix/prefetch.h"

namespace banyan {
namespace {

__m512 halves(const uint8_t * p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(p)));
}

template <PanelType type>
void load(const uint8_t * p, __m512i (&quads)[kQuads]) {
    if constexpr (type == PanelType::q8_0) {
        for (int32_t j = 0; j < kQuads; ++j) quads[j] = _mm512_loadu_si512(p + 64 * j);
        return;
    }
    const __m512i low = _mm512_set1_epi8(15);
    for (int32_t j = 0; j < kQuads / 2; ++j) {
        const __m512i pairs = _mm512_loadu_si512(p + 64 * j);
        quads[j] = _mm512_and_si512(pairs, low);
        quads[j + kQuads / 2] = _mm512_and_si512(_mm512_srli_epi16(pairs, 4), low);
    }
    if constexpr (fifth_bytes(type) > 0) {
        const __m512i fifths = _mm512_loadu_si512(p + quant_bytes(type));
        for (int32_t j = 0; j < kQuads; ++j) {
            const __mmask64 set = _mm512_test_epi8_mask(fifths, _mm512_set1_epi8(static_cast<char>(1 << j)));
            quads[j] = _mm512_mask_add_epi8(quads[j], set, quads[j], _mm512_set1_epi8(16));
        }
    }
}

/** Few rows do not fill the time that an addition takes to be done: they are added up in two chains. */
template <int32_t rows>
__m512i dot(const __m512i (&quads)[kQuads], const uint8_t * x, __m512i start) {
    constexpr int32_t kChains = rows <= 2 ? 2 : 1;
    __m512i sums[kChains] = {start};
    if constexpr (kChains == 2) sums[1] = _mm512_setzero_si512();
    for (int32_t j = 0; j < kQuads; ++j) {
        int32_t four;
        std::memcpy(&four, x + 4 * j, sizeof(four));
        sums[j % kChains] = _mm512_dpbusd_epi32(sums[j % kChains], quads[j], _mm512_set1_epi32(four));
    }
    if constexpr (kChains == 2) return _mm512_add_epi32(sums[0], sums[1]);
    return sums[0];
}

template <PanelType type, int32_t rows>
void multiply_rows(const uint8_t * panel, const uint8_t * tile, int32_t blocks, bool cold, float * const * out) {
    __m512 sums[rows];
    for (int32_t r = 0; r < rows; ++r) sums[r] = _mm512_setzero_ps();
    for (int32_t b = 0; b < blocks; ++b) {
        __m512i quads[kQuads];
        const uint8_t * block = panel + b * block_bytes(type);
        if (asks_ahead<type, rows>() && cold) prefetch<type>(block);
        load<type>(block, quads);
        const uint8_t * scales = block + quant_bytes(type) + fifth_bytes(type);
        const __m512 scale = halves(scales);
        const __m512 min = has_min(type) ? halves(scales + kScaleBytes) : _mm512_setzero_ps();
        const uint8_t * at = tile + b * tile_bytes(rows);
        const auto * tile_scales = reinterpret_cast<const float *>(at + size_t{kBlockSize} * rows);
        for (int32_t r = 0; r < rows; ++r) {
            const uint8_t * x = at + kBlockSize * r;
            const __m512 by = _mm512_mul_ps(scale, _mm512_set1_ps(tile_scales[r]));
            if constexpr (!has_min(type)) {
                int32_t start;
                std::memcpy(&start, tile_scales + rows + r, sizeof(start));
                const __m512i sum = dot<rows>(quads, x, _mm512_set1_epi32(start));
                sums[r] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), by, sums[r]);
            } else {
                const __m512i sum = dot<rows>(quads, x, _mm512_setzero_si512());
                sums[r] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), by, sums[r]);
                sums[r] = _mm512_fmadd_ps(min, _mm512_set1_ps(tile_scales[rows + r]), sums[r]);
            }
        }
    }
    for (int32_t r = 0; r < rows; ++r) _mm512_storeu_ps(out[r], sums[r]);
}

using Multiply = void (*)(const uint8_t *, const uint8_t *, int32_t, bool, float * const *);

template <PanelType type>
constexpr Multiply kByRows[kTileRows] = {multiply_rows<type, 1>, multiply_rows<type, 2>, multiply_rows<type, 3>,
                                         multiply_rows<type, 4>, multiply_rows<type, 5>, multiply_rows<type, 6>,
                                         multiply_rows<type, 7>, multiply_rows<type, 8>};

const Multiply * by_rows(PanelType type) {
    switch (type) {
        case PanelType::q8_0:
            return kByRows<PanelType::q8_0>;
        case PanelType::q4_1:
            return kByRows<PanelType::q4_1>;
        case PanelType::q5_0:
            return kByRows<PanelType::q5_0>;
        case PanelType::q5_1:
            return kByRows<PanelType::q5_1>;
    }
    return nullptr;
}

void multiply(PanelType type, const uint8_t * panel, const uint8_t * tile, int32_t rows, int32_t blocks, bool cold,
              float * const * out) {
    by_rows(type)[rows - 1](panel, tile, blocks, cold, out);
}

}  // namespace

extern const MatrixKernel kMatrix_vnni;
const MatrixKernel kMatrix_vnni = {"vnni", multiply};

}  // namespace banyan

#endif
