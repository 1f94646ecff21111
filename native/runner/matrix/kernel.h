// Products of quantised weights with rows of a batch, as plain data in, plain data out: one table entry per instruction
// set.
//
// Shapes: weights are panels of 16 columns (packed-weights.h), rows come in tiles of up to 8 (tiles.h), both cut along
// k in blocks of 32 numbers that share a scale. Functions here have internal linkage: compiled for AVX-512 in one file,
// they must not be merged with those of another. Invariant: an output is the sum of its blocks from first to last, by
// itself: it does not depend on the rows beside it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace banyan {

enum class PanelType : uint8_t { q8_0, q4_1, q5_0, q5_1 };

constexpr int32_t kPanelColumns = 16;
constexpr int32_t kBlockSize = 32;  // numbers along k
constexpr int32_t kQuads = kBlockSize / 4;
constexpr int32_t kTileRows = 8;  // at most

/** Bytes of a panel's quants in one block: [quad][column][4] bytes, or [quad of 4][column][4] pairs of numbers k and k
 * + 16. */
static constexpr size_t quant_bytes(PanelType type) {
    return type == PanelType::q8_0 ? size_t{kPanelColumns} * kBlockSize : size_t{kPanelColumns} * kBlockSize / 2;
}

/** Bytes of the fifth bits, which follow them: [column][4] bytes with a bit for each quad. */
static constexpr size_t fifth_bytes(PanelType type) {
    return type == PanelType::q5_0 || type == PanelType::q5_1 ? size_t{kPanelColumns} * kBlockSize / 8 : 0;
}

/** Bytes of a panel's scales in one block, f16, which follow those; as many of minimums follow, where a type has them.
 */
constexpr size_t kScaleBytes = size_t{2} * kPanelColumns;

static constexpr bool has_min(PanelType type) {
    return type == PanelType::q4_1 || type == PanelType::q5_1;
}

/** What is added to weights so that they are unsigned. */
static constexpr int32_t offset_of(PanelType type) {
    return type == PanelType::q8_0 ? 128 : type == PanelType::q5_0 ? 16 : 0;
}

static constexpr size_t block_bytes(PanelType type) {
    return quant_bytes(type) + fifth_bytes(type) + (has_min(type) ? 2 * kScaleBytes : kScaleBytes);
}

/** Bytes of a tile in one block: quants [row][32], scales [row], starts [row]. */
static constexpr size_t tile_bytes(int32_t rows) {
    return static_cast<size_t>(rows) * (kBlockSize + sizeof(float) + sizeof(int32_t));
}

struct MatrixKernel {
    const char * name;
    /**
     * out[row][0..15]: a tile of rows times a panel, both of so many blocks. cold: the panel is not in a cache yet, and
     * neither are those behind it, which are asked of memory meanwhile.
     */
    void (*multiply)(PanelType type, const uint8_t * panel, const uint8_t * tile, int32_t rows, int32_t blocks,
                     bool cold, float * const * out);
};

/** Of this name, if it runs here: vnni (AVX-512), avxvnni, avx2, portable. */
const MatrixKernel * find_matrix_kernel(const char * name);
/** The one to use; nullptr: ggml's own are better here. BANYAN_MATRIX=vnni|avxvnni|avx2|portable|ggml chooses. */
const MatrixKernel * matrix_kernel();

}  // namespace banyan
