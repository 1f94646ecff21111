#include "runner/matrix/tiles.h"

#include <cstring>

#define GGML_COMMON_DECL_C
#include "ggml-common.h"
#include "ggml-cpu.h"
#include "ggml.h"

namespace banyan {

static_assert(QK8_0 == kBlockSize);

size_t tiles_size(int64_t rows, int64_t k) {
    return static_cast<size_t>(rows * (k / kBlockSize)) * tile_bytes(1);
}

size_t tile_offset(int64_t index, int64_t k) {
    return tiles_size(index * kTileRows, k);
}

size_t tile_scratch_size(int64_t k) {
    return ggml_row_size(GGML_TYPE_Q8_0, k);
}

void write_tile(PanelType type, const float * const * rows, int32_t n, int64_t k, uint8_t * out, void * scratch) {
    static const ggml_from_float_t quantise = ggml_get_type_traits_cpu(GGML_TYPE_Q8_0)->from_float;
    const auto * blocks = static_cast<const block_q8_0 *>(scratch);
    for (int32_t r = 0; r < n; ++r) {
        quantise(rows[r], scratch, k);
        for (int64_t b = 0; b < k / kBlockSize; ++b) {
            uint8_t * at = out + static_cast<size_t>(b) * tile_bytes(n);
            const float scale = ggml_fp16_to_fp32(blocks[b].d);
            int32_t sum = 0;
            for (const int8_t quant : blocks[b].qs) sum += quant;
            std::memcpy(at + size_t{kBlockSize} * r, blocks[b].qs, kBlockSize);
            uint8_t * scales = at + size_t{kBlockSize} * n;
            std::memcpy(scales + 4 * r, &scale, sizeof(scale));
            if (!has_min(type)) {
                sum *= -offset_of(type);
                std::memcpy(scales + 4 * (n + r), &sum, sizeof(sum));
            } else {
                const float offset = scale * static_cast<float>(sum);
                std::memcpy(scales + 4 * (n + r), &offset, sizeof(offset));
            }
        }
    }
}

}  // namespace banyan
