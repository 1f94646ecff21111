#include "runner/matrix/panels.h"

#include <cstring>

#define GGML_COMMON_DECL_C
#include "ggml-common.h"
#include "ggml.h"

namespace banyan {

namespace {

constexpr uint32_t kSigns = 0x80808080;  // of four signed bytes; flipped, they are those bytes plus 128, unsigned

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

void copy_quad(const void * from, int32_t column, uint8_t * row_of_quads, uint32_t flipped) {
    uint32_t quad;
    std::memcpy(&quad, from, sizeof(quad));
    quad ^= flipped;
    std::memcpy(row_of_quads + 4 * column, &quad, sizeof(quad));
}

/** Four bytes, the lowest bit of each being one of these four. */
uint32_t spread(uint32_t bits) {
    return (bits & 1) | (bits & 2) << 7 | (bits & 4) << 14 | (bits & 8) << 21;
}

void pack_fifths(const uint8_t * bits, int32_t column, uint8_t * out) {
    uint32_t bytes = 0;
    for (int32_t j = 0; j < kQuads; ++j) bytes |= spread(bits[j / 2] >> j % 2 * 4 & 15) << j;
    std::memcpy(out + 4 * column, &bytes, sizeof(bytes));
}

/** Writes what a panel's block has of a column. */
template <PanelType type>
void pack_column(const Block<type> & block, int32_t column, uint8_t * out) {
    static_assert(sizeof(Block<type>) * kPanelColumns == block_bytes(type));
    constexpr uint32_t kFlipped = type == PanelType::q8_0 ? kSigns : 0;
    constexpr int32_t kRows = type == PanelType::q8_0 ? kQuads : kQuads / 2;  // of nibbles k and k + 16 share a byte
    for (int32_t j = 0; j < kRows; ++j) copy_quad(block.qs + 4 * j, column, out + 4 * kPanelColumns * j, kFlipped);
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
