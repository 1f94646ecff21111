#include "runner/matrix/panels.h"

#include <cstring>

#define GGML_COMMON_DECL_C
#include "ggml-common.h"
#include "ggml.h"

namespace banyan {

namespace {

constexpr uint8_t kSign = 0x80;  // a signed byte plus 128, unsigned

static_assert(block_bytes(PanelType::q8_0) == kPanelColumns * sizeof(block_q8_0));
static_assert(block_bytes(PanelType::q4_1) == kPanelColumns * sizeof(block_q4_1));

/** Writes a block of column `c`. A byte of Q4_1 has the numbers k and k + 16, which is how the kernels want them. */
void pack_block(const block_q8_0 & block, int32_t c, uint8_t * out) {
    for (int32_t k = 0; k < kBlockSize; ++k) {
        out[(k / 4 * kPanelColumns + c) * 4 + k % 4] = static_cast<uint8_t>(block.qs[k]) ^ kSign;
    }
    std::memcpy(out + quant_bytes(PanelType::q8_0) + 2 * c, &block.d, sizeof(block.d));
}

void pack_block(const block_q4_1 & block, int32_t c, uint8_t * out) {
    for (int32_t k = 0; k < kBlockSize / 2; ++k) out[(k / 4 * kPanelColumns + c) * 4 + k % 4] = block.qs[k];
    uint8_t * scales = out + quant_bytes(PanelType::q4_1);
    std::memcpy(scales + 2 * c, &block.d, sizeof(block.d));
    std::memcpy(scales + kScaleBytes + 2 * c, &block.m, sizeof(block.m));
}

template <typename Block>
void pack(PanelType type, const Block * data, int64_t n, int64_t blocks, uint8_t * out) {
    for (int64_t p = 0; p < n / kPanelColumns; ++p) {
        const Block * columns = data + p * kPanelColumns * blocks;
        for (int64_t b = 0; b < blocks; ++b, out += block_bytes(type)) {
            for (int32_t c = 0; c < kPanelColumns; ++c) pack_block(columns[c * blocks + b], c, out);
        }
    }
}

}  // namespace

std::optional<PanelType> panel_type(const ggml_tensor * weights) {
    if (ggml_n_dims(weights) != 2 || weights->ne[1] % kPanelColumns != 0 || weights->view_src) return std::nullopt;
    if (weights->type == GGML_TYPE_Q8_0) return PanelType::q8_0;
    if (weights->type == GGML_TYPE_Q4_1) return PanelType::q4_1;
    return std::nullopt;
}

size_t panel_bytes(PanelType type, int64_t k) {
    return static_cast<size_t>(k / kBlockSize) * block_bytes(type);
}

void pack_panels(PanelType type, const void * data, int64_t n, int64_t k, uint8_t * out) {
    if (type == PanelType::q8_0) {
        pack(type, static_cast<const block_q8_0 *>(data), n, k / kBlockSize, out);
    } else {
        pack(type, static_cast<const block_q4_1 *>(data), n, k / kBlockSize, out);
    }
}

}  // namespace banyan
