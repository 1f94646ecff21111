// The products as plain C++: what the kernels of instruction sets are compared with.
#include <cstring>

#include "ggml.h"
#include "runner/matrix/kernels/kernel.h"

namespace banyan {
namespace {

float half_at(const uint8_t * halves, int32_t column) {
    uint16_t bits;
    std::memcpy(&bits, halves + 2 * column, sizeof(bits));
    return ggml_fp16_to_fp32(bits);
}

/** Weight k of a block, as it is stored: unsigned. */
int32_t quant(PanelType type, const uint8_t * block, int32_t column, int32_t k) {
    const int32_t quad = k / 4, in_quad = column * 4 + k % 4;
    if (type == PanelType::q8_0) return block[quad * kPanelColumns * 4 + in_quad];
    int32_t weight = 0;
    for (int32_t pair = 0; pair < kPairs; ++pair) {
        const int32_t both = block[pair * kPanelColumns * 4 + in_quad];
        if (low_quad(type, pair) == quad) weight = both & 15;
        if (high_quad(type, pair) == quad) weight = both >> 4;
    }
    if (high_bits(type) == 0) return weight;
    const size_t plane = quant_bytes(type) + static_cast<size_t>(high_plane(type, quad) * kPanelColumns * 4);
    const int32_t bits = block[plane + static_cast<size_t>(in_quad)] >> high_bit(type, quad);
    return weight + (bits << 4 & high_mask(type));
}

/** The scale of a part, and behind those the minimum. */
float scale(PanelType type, const uint8_t * head, const uint8_t * block, int32_t column, int32_t i) {
    const uint8_t * scales = block + quant_bytes(type) + high_bytes(type);
    if (group_blocks(type) == 1) return half_at(scales + kHalvesBytes * static_cast<size_t>(i), column);
    const uint8_t byte = scales[kPanelColumns * i + column];
    if (type == PanelType::q6_K) return half_at(head, column) * static_cast<float>(static_cast<int8_t>(byte));
    const float of_group = half_at(head + kHalvesBytes * static_cast<size_t>(i), column);
    return i == 0 ? of_group * byte : -(of_group * byte);
}

void add_block(PanelType type, const uint8_t * head, const uint8_t * block, const uint8_t * tile, int32_t rows,
               float * const * out) {
    const int32_t parts = parts_of(type), size = kBlockSize / parts;
    for (int32_t r = 0; r < rows; ++r) {
        const auto * x = reinterpret_cast<const int8_t *>(tile + kBlockSize * r);
        const uint8_t * scales = tile + size_t{kBlockSize} * rows;
        float x_scale;
        std::memcpy(&x_scale, scales + 4 * r, sizeof(x_scale));
        for (int32_t part = 0; part < parts; ++part) {
            const uint8_t * start = scales + 4 * (rows * (part + 1) + r);
            for (int32_t c = 0; c < kPanelColumns; ++c) {
                int32_t sum = 0;
                float offset = 0;
                if (!has_min(type)) {
                    std::memcpy(&sum, start, sizeof(sum));
                } else {
                    std::memcpy(&offset, start, sizeof(offset));
                }
                for (int32_t k = part * size; k < (part + 1) * size; ++k) sum += quant(type, block, c, k) * x[k];
                out[r][c] += static_cast<float>(sum) * (scale(type, head, block, c, part) * x_scale);
                if (has_min(type)) out[r][c] += scale(type, head, block, c, 1) * offset;
            }
        }
    }
}

void multiply(PanelType type, const uint8_t * panel, const uint8_t * tile, int32_t rows, int32_t blocks, bool,
              float * const * out) {
    for (int32_t r = 0; r < rows; ++r) std::memset(out[r], 0, kPanelColumns * sizeof(float));
    for (int32_t b = 0; b < blocks; ++b) {
        const uint8_t * group = panel + static_cast<size_t>(b / group_blocks(type)) * group_bytes(type);
        const uint8_t * block =
            group + head_bytes(type) + static_cast<size_t>(b % group_blocks(type)) * block_bytes(type);
        add_block(type, group, block, tile + static_cast<size_t>(b) * tile_bytes(type, rows), rows, out);
    }
}

}  // namespace

extern const MatrixKernel kMatrix_portable;
const MatrixKernel kMatrix_portable = {"portable", multiply};

}  // namespace banyan
