// Where the numbers of packed weights and of a batch's rows lie.
//
// Weights are panels of 16 columns, rows come in tiles of up to 8, both cut along k in blocks of 32 numbers that share
// a scale (or two, by halves). Internal linkage: compiled for an instruction set in one file, functions must not be
// merged with those of another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace banyan {

enum class PanelType : uint8_t { q8_0, q4_0, q4_1, q5_0, q5_1, q4_K, q5_K, q6_K };

constexpr int32_t kPanelColumns = 16;
constexpr int32_t kBlockSize = 32;  // numbers along k
constexpr int32_t kQuads = kBlockSize / 4;
constexpr int32_t kPairs = kQuads / 2;
constexpr int32_t kTileRows = 8;  // at most

template <PanelType type>
using Type = std::integral_constant<PanelType, type>;

/** work(Type<type>()): one switch for what is compiled for each type. */
template <typename Work>
static auto with_type(PanelType type, Work work) {
    switch (type) {
        case PanelType::q8_0:
            break;
        case PanelType::q4_0:
            return work(Type<PanelType::q4_0>());
        case PanelType::q4_1:
            return work(Type<PanelType::q4_1>());
        case PanelType::q5_0:
            return work(Type<PanelType::q5_0>());
        case PanelType::q5_1:
            return work(Type<PanelType::q5_1>());
        case PanelType::q4_K:
            return work(Type<PanelType::q4_K>());
        case PanelType::q5_K:
            return work(Type<PanelType::q5_K>());
        case PanelType::q6_K:
            return work(Type<PanelType::q6_K>());
    }
    return work(Type<PanelType::q8_0>());
}

/** Blocks that share factors of their scales, which lie before them. */
static constexpr int32_t group_blocks(PanelType type) {
    return type == PanelType::q4_K || type == PanelType::q5_K || type == PanelType::q6_K ? 8 : 1;
}

static constexpr bool has_min(PanelType type) {
    return type == PanelType::q4_1 || type == PanelType::q5_1 || type == PanelType::q4_K || type == PanelType::q5_K;
}

/** Scales of a block along k. */
static constexpr int32_t parts_of(PanelType type) {
    return type == PanelType::q6_K ? 2 : 1;
}

/** What is added to weights so that they are unsigned. */
static constexpr int32_t offset_of(PanelType type) {
    switch (type) {
        case PanelType::q8_0:
            return 128;
        case PanelType::q6_K:
            return 32;
        case PanelType::q5_0:
            return 16;
        case PanelType::q4_0:
            return 8;
        default:
            return 0;  // they have minimums
    }
}

/** Bytes of f16 numbers of a panel's columns. */
constexpr size_t kHalvesBytes = size_t{2} * kPanelColumns;

/** Bytes of a group's factors: of scales, of minimums where there are such; f16. */
static constexpr size_t head_bytes(PanelType type) {
    return group_blocks(type) == 1 ? 0 : has_min(type) ? 2 * kHalvesBytes : kHalvesBytes;
}

/** Bytes of a panel's quants in one block: [quad][column][4] bytes, or the low halves of a pair of quads in one byte:
 * [pair][column][4]. */
static constexpr size_t quant_bytes(PanelType type) {
    return type == PanelType::q8_0 ? size_t{kPanelColumns} * kBlockSize : size_t{kPanelColumns} * kBlockSize / 2;
}

/** The quad in the lower half of a pair's bytes. A pair is of one part. */
static constexpr int32_t low_quad(PanelType type, int32_t pair) {
    return parts_of(type) == 2 && pair >= 2 ? pair + 2 : pair;
}

static constexpr int32_t high_quad(PanelType type, int32_t pair) {
    return low_quad(type, pair) + kPairs / parts_of(type);
}

/** Bits of a weight beyond the fourth. They follow the quants: [column][4] bytes with so many bits for each quad, from
 * the lowest on, quads 4 to 7 in bytes of their own where one is too small. */
static constexpr int32_t high_bits(PanelType type) {
    if (type == PanelType::q6_K) return 2;
    return type == PanelType::q5_0 || type == PanelType::q5_1 || type == PanelType::q5_K ? 1 : 0;
}

/** The place of a quad's: which [column][4] bytes, and from which bit on. */
static constexpr int32_t high_plane(PanelType type, int32_t quad) {
    return high_bits(type) == 2 ? quad / 4 : 0;
}

static constexpr int32_t high_bit(PanelType type, int32_t quad) {
    return high_bits(type) == 2 ? 2 * (quad % 4) : quad;
}

/** All of them, in a byte of weights. */
static constexpr int32_t high_mask(PanelType type) {
    return ((1 << high_bits(type)) - 1) << 4;
}

static constexpr size_t high_bytes(PanelType type) {
    return size_t{4} * kPanelColumns * static_cast<size_t>(high_bits(type));
}

/** Bytes of a block's scales, and minimums behind them: f16, or of a byte where a group has factors. */
static constexpr size_t scale_bytes(PanelType type) {
    const size_t one = group_blocks(type) == 1 ? kHalvesBytes : size_t{kPanelColumns};
    return one * static_cast<size_t>(has_min(type) ? 2 : parts_of(type));
}

static constexpr size_t block_bytes(PanelType type) {
    return quant_bytes(type) + high_bytes(type) + scale_bytes(type);
}

static constexpr size_t group_bytes(PanelType type) {
    return head_bytes(type) + static_cast<size_t>(group_blocks(type)) * block_bytes(type);
}

/** Bytes of a tile in one block: quants [row][32], scales [row], starts [part][row]. */
static constexpr size_t tile_bytes(PanelType type, int32_t rows) {
    return static_cast<size_t>(rows) *
           (kBlockSize + sizeof(float) + sizeof(int32_t) * static_cast<size_t>(parts_of(type)));
}

}  // namespace banyan
