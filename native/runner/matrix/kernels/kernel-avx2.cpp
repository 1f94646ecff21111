// AVX2, without dot products of bytes: pairs of products are added in 16 bits. Weights of four to six bits are so
// small that several such sums fit there; those of eight are widened to 32 bits at once.
#if defined(__x86_64__)

#include "runner/matrix/kernels/kernel-256.h"

namespace banyan {
namespace {

INLINE __m256i widened(__m256i pairs) {
    return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

/** Pairs of quads whose sums fit into 16 bits: each is four products of the largest weight and 127. */
template <PanelType type>
constexpr int32_t kPairsAtOnce = 4 >> high_bits(type);
static_assert(4 * 4 * 15 * 127 < 32768 && 2 * 4 * 31 * 127 < 32768 && 1 * 4 * 63 * 127 < 32768);

template <PanelType type, int32_t part, int32_t rows>
INLINE void add_pairs(const uint8_t * block, const uint8_t * x, Sums<rows> & sums) {
    constexpr int32_t kPairsOfPart = kPairs / parts_of(type);
    Sums<rows> small;
    each<kPairsOfPart>([&](auto i) INLINE_WORK {
        constexpr bool kFirst = i % kPairsAtOnce<type> == 0, kLast = (i + 1) % kPairsAtOnce<type> == 0;
        constexpr int32_t kPair = part * kPairsOfPart + i;
        __m256i low[kHalves], high[kHalves];
        each<kHalves>([&](auto h) INLINE_WORK { unpack<type, kPair>(block, h, low[h], high[h]); });
        each<rows>([&](auto r) INLINE_WORK {
            const uint8_t * at = x + kBlockSize * r;
            const __m256i by_low = four(at + 4 * low_quad(type, kPair)),
                          by_high = four(at + 4 * high_quad(type, kPair));
            each<kHalves>([&](auto h) INLINE_WORK {
                const __m256i pairs = _mm256_maddubs_epi16(low[h], by_low);
                small[r][h] = kFirst ? pairs : _mm256_add_epi16(small[r][h], pairs);
                small[r][h] = _mm256_add_epi16(small[r][h], _mm256_maddubs_epi16(high[h], by_high));
                now(small[r][h]);
                if constexpr (kLast) {
                    const __m256i wide = widened(small[r][h]);
                    sums[r][h] = i < kPairsAtOnce<type> ? wide : _mm256_add_epi32(sums[r][h], wide);
                }
            });
        });
    });
}

/** Two products of unsigned weights up to 255 would not fit, so the weights give their signs to the row. */
template <int32_t rows>
INLINE void add_bytes(const uint8_t * block, const uint8_t * x, Sums<rows> & sums) {
    each<rows>([&](auto r) INLINE_WORK { sums[r][0] = sums[r][1] = _mm256_setzero_si256(); });
    for (int32_t j = 0; j < kQuads; ++j) {
        __m256i weights[kHalves], magnitudes[kHalves];
        each<kHalves>([&](auto h) INLINE_WORK {
            weights[h] = _mm256_xor_si256(load(block + 64 * j + 32 * h), _mm256_set1_epi8(-128));
            magnitudes[h] = _mm256_abs_epi8(weights[h]);
        });
        each<rows>([&](auto r) INLINE_WORK {
            const __m256i by = four(x + kBlockSize * r + 4 * j);
            each<kHalves>([&](auto h) INLINE_WORK {
                const __m256i pairs = _mm256_maddubs_epi16(magnitudes[h], _mm256_sign_epi8(by, weights[h]));
                sums[r][h] = _mm256_add_epi32(sums[r][h], widened(pairs));
                now(sums[r][h]);
            });
        });
    }
}

struct Avx2 {
    /** True if a tile's start is to be added, which makes up for it. */
    template <PanelType type>
    static constexpr bool unsigned_weights() {
        return !has_min(type) && type != PanelType::q8_0;
    }

    /** sums = a block's products, of one part, with rows that begin at x. */
    template <PanelType type, int32_t part, int32_t rows>
    INLINE void add_up(const uint8_t * block, const uint8_t * x, Sums<rows> & sums) {
        if constexpr (type == PanelType::q8_0) {
            add_bytes<rows>(block, x, sums);
        } else {
            add_pairs<type, part, rows>(block, x, sums);
        }
    }
};

}  // namespace

extern const MatrixKernel kMatrix_avx2;
const MatrixKernel kMatrix_avx2 = {"avx2", multiply<Avx2>};

}  // namespace banyan

#endif
