#include "runner/matrix/panels.h"

#include <cstring>

#define GGML_COMMON_DECL_C
#include "ggml-common.h"
#include "ggml.h"

namespace banyan {

namespace {

/** What ggml has for one group of a column. */
template <PanelType>
struct Group;
template <>
struct Group<PanelType::q8_0> : block_q8_0 {};
template <>
struct Group<PanelType::q4_0> : block_q4_0 {};
template <>
struct Group<PanelType::q4_1> : block_q4_1 {};
template <>
struct Group<PanelType::q5_0> : block_q5_0 {};
template <>
struct Group<PanelType::q5_1> : block_q5_1 {};
template <>
struct Group<PanelType::q4_K> : block_q4_K {};
template <>
struct Group<PanelType::q5_K> : block_q5_K {};
template <>
struct Group<PanelType::q6_K> : block_q6_K {};

/** A block of one column: quants as unsigned numbers, scales of a byte where there are such (behind them minimums). */
struct Block {
    uint8_t quants[kBlockSize];
    uint8_t scales[2];
};

/** Bit k of many. */
uint8_t bit_of(const uint8_t * bits, int32_t k) {
    return bits[k / 8] >> k % 8 & 1;
}

/** Block `b` of a group. */
template <PanelType type>
Block unpacked(const Group<type> & group, int32_t b) {
    Block block = {};
    for (int32_t k = 0; k < kBlockSize; ++k) {
        uint8_t & quant = block.quants[k];
        if constexpr (type == PanelType::q8_0) {
            quant = static_cast<uint8_t>(group.qs[k] + offset_of(type));
        } else if constexpr (group_blocks(type) == 1) {
            quant = k < 16 ? group.qs[k] & 15 : group.qs[k - 16] >> 4;
            if constexpr (high_bits(type) == 1) quant |= static_cast<uint8_t>(bit_of(group.qh, k) << 4);
        } else if constexpr (type == PanelType::q6_K) {
            const int32_t half = b / 4, in_half = b % 4;
            quant = group.ql[64 * half + in_half % 2 * 32 + k] >> in_half / 2 * 4 & 15;
            quant |= static_cast<uint8_t>((group.qh[32 * half + k] >> 2 * in_half & 3) << 4);
        } else {
            quant = group.qs[b / 2 * 32 + k] >> b % 2 * 4 & 15;
            if constexpr (high_bits(type) == 1) quant |= static_cast<uint8_t>((group.qh[k] >> b & 1) << 4);
        }
    }
    if constexpr (type == PanelType::q6_K) {
        std::memcpy(block.scales, group.scales + 2 * b, 2);
    } else if constexpr (group_blocks(type) > 1) {  // six bits each, in twelve bytes
        const uint8_t * s = group.scales;
        block.scales[0] = b < 4 ? s[b] & 63 : (s[b + 4] & 15) | s[b - 4] >> 6 << 4;
        block.scales[1] = b < 4 ? s[b + 4] & 63 : s[b + 4] >> 4 | s[b] >> 6 << 4;
    }
    return block;
}

/** Four bytes at a place, as one number. */
uint32_t four_at(const uint8_t * bytes) {
    uint32_t four;
    std::memcpy(&four, bytes, sizeof(four));
    return four;
}

void write_four(uint32_t four, int32_t column, uint8_t * row_of_quads) {
    std::memcpy(row_of_quads + 4 * column, &four, sizeof(four));
}

/** Writes what a panel's block has of a column. */
template <PanelType type>
void pack_block(const Block & block, int32_t column, uint8_t * out) {
    constexpr size_t kRow = size_t{4} * kPanelColumns;
    uint32_t quads[kQuads];
    for (int32_t j = 0; j < kQuads; ++j) quads[j] = four_at(block.quants + 4 * j);
    if constexpr (type == PanelType::q8_0) {
        for (int32_t j = 0; j < kQuads; ++j) write_four(quads[j], column, out + kRow * j);
        return;
    }
    constexpr uint32_t kLow = 0x0f0f0f0f, kHigh = 0x01010101u * high_mask(type);
    for (int32_t i = 0; i < kPairs; ++i) {
        write_four((quads[low_quad(type, i)] & kLow) | (quads[high_quad(type, i)] & kLow) << 4, column, out + kRow * i);
    }
    if constexpr (high_bits(type) > 0) {
        uint32_t planes[2] = {};
        for (int32_t j = 0; j < kQuads; ++j) {
            planes[high_plane(type, j)] |= (quads[j] & kHigh) >> 4 << high_bit(type, j);
        }
        for (int32_t i = 0; i < high_bits(type); ++i) write_four(planes[i], column, out + quant_bytes(type) + kRow * i);
    }
    if constexpr (group_blocks(type) > 1) {
        uint8_t * scales = out + quant_bytes(type) + high_bytes(type);
        for (int32_t i = 0; i < 2; ++i) scales[kPanelColumns * i + column] = block.scales[i];
    }
}

/** Writes the f16 numbers of a group's column: scales of its one block, or factors of the scales of many. */
template <PanelType type>
void pack_halves(const Group<type> & group, int32_t column, uint8_t * out) {
    uint8_t * at = out + 2 * column + (group_blocks(type) == 1 ? quant_bytes(type) + high_bytes(type) : 0);
    std::memcpy(at, &group.d, sizeof(group.d));
    if constexpr (type == PanelType::q4_1 || type == PanelType::q5_1) std::memcpy(at + kHalvesBytes, &group.m, 2);
    if constexpr (type == PanelType::q4_K || type == PanelType::q5_K) std::memcpy(at + kHalvesBytes, &group.dmin, 2);
}

template <PanelType type>
void pack(const void * data, int64_t n, int64_t blocks, uint8_t * out) {
    const int64_t groups = blocks / group_blocks(type);
    for (int64_t p = 0; p < n / kPanelColumns; ++p) {
        const auto * columns = static_cast<const Group<type> *>(data) + p * kPanelColumns * groups;
        for (int64_t g = 0; g < groups; ++g, out += group_bytes(type)) {
            for (int32_t c = 0; c < kPanelColumns; ++c) {
                const Group<type> & group = columns[c * groups + g];
                pack_halves<type>(group, c, out);
                for (int32_t b = 0; b < group_blocks(type); ++b) {
                    pack_block<type>(unpacked<type>(group, b), c, out + head_bytes(type) + b * block_bytes(type));
                }
            }
        }
    }
}

}  // namespace

std::optional<PanelType> panel_type(const ggml_tensor * weights) {
    if (ggml_n_dims(weights) < 2 || weights->ne[3] > 1 || weights->ne[1] % kPanelColumns != 0 || weights->view_src) {
        return std::nullopt;
    }
    switch (weights->type) {
        case GGML_TYPE_Q8_0:
            return PanelType::q8_0;
        case GGML_TYPE_Q4_0:
            return PanelType::q4_0;
        case GGML_TYPE_Q4_1:
            return PanelType::q4_1;
        case GGML_TYPE_Q5_0:
            return PanelType::q5_0;
        case GGML_TYPE_Q5_1:
            return PanelType::q5_1;
        case GGML_TYPE_Q4_K:
            return PanelType::q4_K;
        case GGML_TYPE_Q5_K:
            return PanelType::q5_K;
        case GGML_TYPE_Q6_K:
            return PanelType::q6_K;
        default:
            return std::nullopt;
    }
}

size_t panel_bytes(PanelType type, int64_t k) {
    return static_cast<size_t>(k / kBlockSize / group_blocks(type)) * group_bytes(type);
}

void pack_panels(PanelType type, const void * data, int64_t n, int64_t k, uint8_t * out) {
    with_type(type, [&](auto of) { pack<of>(data, n, k / kBlockSize, out); });
}

}  // namespace banyan
