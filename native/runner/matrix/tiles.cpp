#include "runner/matrix/tiles.h"

#include <cstring>

#define GGML_COMMON_DECL_C
#include "ggml-common.h"
#include "ggml-cpu.h"
#include "ggml.h"

namespace banyan {

static_assert(QK8_0 == kBlockSize);

size_t tiles_size(PanelType type, int64_t rows, int64_t k) {
    return static_cast<size_t>(rows * (k / kBlockSize)) * tile_bytes(type, 1);
}

size_t tile_offset(PanelType type, int64_t index, int64_t k) {
    return tiles_size(type, index * kTileRows, k);
}

size_t tile_scratch_size(int64_t k) {
    return ggml_row_size(GGML_TYPE_Q8_0, k);
}

namespace {

int32_t sum_of_part(PanelType type, const int8_t * quants, int32_t part) {
    const int32_t size = kBlockSize / parts_of(type);
    int32_t sum = 0;
    for (int32_t i = part * size; i < (part + 1) * size; ++i) sum += quants[i];
    return sum;
}

}  // namespace

void write_tile(PanelType type, const float * const * rows, int32_t n, int64_t k, uint8_t * out, void * scratch) {
    static const ggml_from_float_t quantise = ggml_get_type_traits_cpu(GGML_TYPE_Q8_0)->from_float;
    const auto * blocks = static_cast<const block_q8_0 *>(scratch);
    for (int32_t r = 0; r < n; ++r) {
        quantise(rows[r], scratch, k);
        for (int64_t b = 0; b < k / kBlockSize; ++b) {
            uint8_t * at = out + static_cast<size_t>(b) * tile_bytes(type, n);
            const float scale = ggml_fp16_to_fp32(blocks[b].d);
            std::memcpy(at + size_t{kBlockSize} * r, blocks[b].qs, kBlockSize);
            uint8_t * scales = at + size_t{kBlockSize} * n;
            std::memcpy(scales + 4 * r, &scale, sizeof(scale));
            for (int32_t part = 0; part < parts_of(type); ++part) {
                const int32_t sum = sum_of_part(type, blocks[b].qs, part);
                uint8_t * start = scales + 4 * (n * (part + 1) + r);
                const int32_t correction = -offset_of(type) * sum;
                const float offset = scale * static_cast<float>(sum);
                std::memcpy(start, has_min(type) ? static_cast<const void *>(&offset) : &correction, 4);
            }
        }
    }
}

}  // namespace banyan
