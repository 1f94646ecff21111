// The products as plain C++: what the kernels of instruction sets are compared with.
#include <cstring>

#include "ggml.h"
#include "runner/matrix/kernel.h"

namespace banyan {
namespace {

float half_at(const uint8_t * halves, int32_t column) {
    uint16_t bits;
    std::memcpy(&bits, halves + 2 * column, sizeof(bits));
    return ggml_fp16_to_fp32(bits);
}

/** Weight k of a block, as it is stored: unsigned. */
int32_t quant(PanelType type, const uint8_t * block, int32_t column, int32_t k) {
    const int32_t in_quad = column * 4 + k % 4;
    if (type == PanelType::q8_0) return block[k / 4 * kPanelColumns * 4 + in_quad];
    const uint8_t pair = block[k % 16 / 4 * kPanelColumns * 4 + in_quad];
    const int32_t low = k < 16 ? pair & 15 : pair >> 4;
    if (fifth_bytes(type) == 0) return low;
    return low + (block[quant_bytes(type) + static_cast<size_t>(in_quad)] >> k / 4 & 1) * 16;
}

void multiply(PanelType type, const uint8_t * panel, const uint8_t * tile, int32_t rows, int32_t blocks, bool,
              float * const * out) {
    for (int32_t r = 0; r < rows; ++r) std::memset(out[r], 0, kPanelColumns * sizeof(float));
    for (int32_t b = 0; b < blocks; ++b) {
        const uint8_t * weights = panel + b * block_bytes(type);
        const uint8_t * scales = weights + quant_bytes(type) + fifth_bytes(type);
        const uint8_t * at = tile + b * tile_bytes(rows);
        for (int32_t r = 0; r < rows; ++r) {
            const auto * x = reinterpret_cast<const int8_t *>(at + size_t{kBlockSize} * r);
            float scale;
            std::memcpy(&scale, at + size_t{kBlockSize} * rows + 4 * r, sizeof(scale));
            const uint8_t * start = at + size_t{kBlockSize + 4} * rows + 4 * r;
            for (int32_t c = 0; c < kPanelColumns; ++c) {
                int32_t sum = 0;
                float offset = 0;
                if (!has_min(type)) {
                    std::memcpy(&sum, start, sizeof(sum));
                } else {
                    std::memcpy(&offset, start, sizeof(offset));
                }
                for (int32_t k = 0; k < kBlockSize; ++k) sum += quant(type, weights, c, k) * x[k];
                out[r][c] += static_cast<float>(sum) * (half_at(scales, c) * scale);
                if (has_min(type)) out[r][c] += half_at(scales + kScaleBytes, c) * offset;
            }
        }
    }
}

}  // namespace

extern const MatrixKernel kMatrix_portable;
const MatrixKernel kMatrix_portable = {"portable", multiply};

}  // namespace banyan
