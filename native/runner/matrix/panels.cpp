#include "runner/matrix/panels.h"

#include <cstring>

#define GGML_COMMON_DECL_C
#include "ggml-common.h"
#include "ggml.h"

namespace banyan {

namespace {

constexpr uint8_t kSign = 0x80;  // a signed byte plus 128, unsigned

/** A block of 32 numbers as ggml has it. */
template <PanelType>
struct Block;
template <>
struct Block<PanelType::q8_0> : block_q8_0 {};
template <>
struct Block<PanelType::q4_1> : block_q4_1 {};
template <>
struct Block<PanelType::q5_0> : block_q5_0 {};
template <>
struct Block<PanelType::q5_1> : block_q5_1 {};

int32_t in_quads(int32_t k, int32_t column) {
    return (k / 4 * kPanelColumns + column) * 4 + k % 4;
}

void pack_fifths(const uint8_t * bits, int32_t column, uint8_t * out) {
    std::memset(out + 4 * column, 0, 4);
    for (int32_t k = 0; k < kBlockSize; ++k) {
        const int32_t bit = bits[k / 8] >> k % 8 & 1;
        out[4 * column + k % 4] |= static_cast<uint8_t>(bit << k / 4);
    }
}

/** Writes what a panel's block has of a column. */
template <PanelType type>
void pack_column(const Block<type> & block, int32_t column, uint8_t * out) {
    static_assert(sizeof(Block<type>) * kPanelColumns == block_bytes(type));
    if constexpr (type == PanelType::q8_0) {
        for (int32_t k = 0; k < kBlockSize; ++k) out[in_quads(k, column)] = static_cast<uint8_t>(block.qs[k]) ^ kSign;
    } else {  // bytes of the numbers k and k + 16, which is how the kernels want them
        for (int32_t k = 0; k < kBlockSize / 2; ++k) out[in_quads(k, column)] = block.qs[k];
    }
    if constexpr (fifth_bytes(type) > 0) pack_fifths(block.qh, column, out + quant_bytes(type));
    uint8_t * scale = out + quant_bytes(type) + fifth_bytes(type) + 2 * column;
    std::memcpy(scale, &block.d, sizeof(block.d));
    if constexpr (has_min(type)) std::memcpy(scale + kScaleBytes, &block.m, sizeof(block.m));
}

template <PanelType type>
void pack(const void * data, int64_t n, int64_t blocks, uint8_t * out) {
    for (int64_t p = 0; p < n / kPanelColumns; ++p) {
        const auto * columns = static_cast<const Block<type> *>(data) + p * kPanelColumns * blocks;
        for (int64_t b = 0; b < blocks; ++b, out += block_bytes(type)) {
            for (int32_t c = 0; c < kPanelColumns; ++c) pack_column<type>(columns[c * blocks + b], c, out);
        }
    }
}

}  // namespace

std::optional<PanelType> panel_type(const ggml_tensor * weights) {
    if (ggml_n_dims(weights) != 2 || weights->ne[1] % kPanelColumns != 0 || weights->view_src) return std::nullopt;
    switch (weights->type) {
        case GGML_TYPE_Q8_0:
            return PanelType::q8_0;
        case GGML_TYPE_Q4_1:
            return PanelType::q4_1;
        case GGML_TYPE_Q5_0:
            return PanelType::q5_0;
        case GGML_TYPE_Q5_1:
            return PanelType::q5_1;
        default:
            return std::nullopt;
    }
}

size_t panel_bytes(PanelType type, int64_t k) {
    return static_cast<size_t>(k / kBlockSize) * block_bytes(type);
}

void pack_panels(PanelType type, const void * data, int64_t n, int64_t k, uint8_t * out) {
    const int64_t blocks = k / kBlockSize;
    switch (type) {
        case PanelType::q8_0:
            return pack<PanelType::q8_0>(data, n, blocks, out);
        case PanelType::q4_1:
            return pack<PanelType::q4_1>(data, n, blocks, out);
        case PanelType::q5_0:
            return pack<PanelType::q5_0>(data, n, blocks, out);
        case PanelType::q5_1:
            return pack<PanelType::q5_1>(data, n, blocks, out);
    }
}

}  // namespace banyan
