// AVX-VNNI: four products of a byte each, added up in 32 bits, in eight columns at once (Intel's desktops since Alder
// Lake, which have no AVX-512).
#if defined(__x86_64__)

#include "runner/matrix/kernels/kernel.h"

#ifdef __AVXVNNI__

#include "runner/matrix/kernels/kernel-256.h"

namespace banyan {
namespace {

struct AvxVnni {
    template <PanelType type>
    static constexpr bool unsigned_weights() {
        return !has_min(type);
    }

    template <PanelType type, int32_t part, int32_t rows>
    INLINE void add_up(const uint8_t * block, const uint8_t * x, Sums<rows> & sums) {
        constexpr int32_t kPairsOfPart = kPairs / parts_of(type);
        each<rows>([&](auto r) INLINE_WORK { sums[r][0] = sums[r][1] = _mm256_setzero_si256(); });
        each<kPairsOfPart>([&](auto i) INLINE_WORK {
            constexpr int32_t kPair = part * kPairsOfPart + i;
            constexpr int32_t kLow = low_quad(type, kPair), kHigh = high_quad(type, kPair);
            __m256i low[kHalves], high[kHalves];
            each<kHalves>([&](auto h) INLINE_WORK {
                if constexpr (type == PanelType::q8_0) {
                    low[h] = load(block + 64 * kLow + 32 * h);
                    high[h] = load(block + 64 * kHigh + 32 * h);
                } else {
                    unpack<type, kPair>(block, h, low[h], high[h]);
                }
            });
            each<rows>([&](auto r) INLINE_WORK {
                const uint8_t * at = x + kBlockSize * r;
                const __m256i by_low = four(at + 4 * kLow), by_high = four(at + 4 * kHigh);
                each<kHalves>([&](auto h) INLINE_WORK {
                    sums[r][h] = _mm256_dpbusd_avx_epi32(sums[r][h], low[h], by_low);
                    sums[r][h] = _mm256_dpbusd_avx_epi32(sums[r][h], high[h], by_high);
                    now(sums[r][h]);
                });
            });
        });
    }
};

}  // namespace

extern const MatrixKernel kMatrix_avxvnni;
const MatrixKernel kMatrix_avxvnni = {"avxvnni", multiply<AvxVnni>};

}  // namespace banyan

#else  // an older compiler

namespace banyan {
extern const MatrixKernel kMatrix_avxvnni;
const MatrixKernel kMatrix_avxvnni = {"avxvnni", nullptr};
}  // namespace banyan

#endif
#endif
