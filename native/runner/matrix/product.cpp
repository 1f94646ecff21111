#include "runner/matrix/product.h"

#include <algorithm>

#include "ggml-cpu/ggml-cpu-impl.h"
#include "runner/matrix/expert-product.h"
#include "runner/matrix/panels.h"
#include "runner/matrix/tiles.h"

namespace banyan {

namespace {

/** Row `r` of all dimensions but the first. */
template <typename T>
T * row_of(const ggml_tensor * tensor, int64_t r) {
    const int64_t plane = tensor->ne[1] * tensor->ne[2];
    const int64_t in_plane = r % plane;
    return reinterpret_cast<T *>(static_cast<char *>(tensor->data) + in_plane % tensor->ne[1] * tensor->nb[1] +
                                 in_plane / tensor->ne[1] * tensor->nb[2] + r / plane * tensor->nb[3]);
}

int32_t rows_of_tile(int64_t tile, int64_t n_rows) {
    return static_cast<int32_t>(std::min<int64_t>(kTileRows, n_rows - tile * kTileRows));
}

}  // namespace

bool MatrixProduct::takes(const ggml_tensor * op) const {
    const bool of_experts = op->op == GGML_OP_MUL_MAT_ID;
    if (op->op != GGML_OP_MUL_MAT && !of_experts) return false;
    const ggml_tensor * weights = op->src[0];
    const ggml_tensor * rows = op->src[1];
    if (!weights->buffer || !panel_type(weights) || (!of_experts && weights->ne[2] > 1)) return false;
    if (rows->buffer && !ggml_backend_buft_is_host(rows->buffer->buft)) return false;
    return rows->type == GGML_TYPE_F32 && rows->nb[0] == sizeof(float);
}

bool MatrixProduct::work_size(int n_threads, const ggml_tensor * op, size_t & size) {
    if (op->op == GGML_OP_MUL_MAT_ID) {
        size = expert_work_size(n_threads, op);
        return true;
    }
    const int64_t k = op->src[0]->ne[0];
    size = tiles_size(*panel_type(op->src[0]), ggml_nrows(op->src[1]), k) +
           static_cast<size_t>(n_threads) * tile_scratch_size(k);
    return true;
}

bool MatrixProduct::compute_forward(ggml_compute_params * params, ggml_tensor * op) {
    if (op->op == GGML_OP_MUL_MAT_ID) {
        multiply_experts(kernel_, params, op);
        return true;
    }
    if (op->op != GGML_OP_MUL_MAT) return false;
    const ggml_tensor * weights = op->src[0];
    const ggml_tensor * rows = op->src[1];
    const PanelType type = *panel_type(weights);
    const int64_t k = weights->ne[0];
    const int64_t n_rows = ggml_nrows(rows);
    const int64_t n_tiles = (n_rows + kTileRows - 1) / kTileRows;
    auto * tiles = static_cast<uint8_t *>(params->wdata);
    uint8_t * scratch = tiles + tiles_size(type, n_rows, k) + static_cast<size_t>(params->ith) * tile_scratch_size(k);

    for (int64_t t = params->ith; t < n_tiles; t += params->nth) {
        const float * in[kTileRows];
        const int32_t n = rows_of_tile(t, n_rows);
        for (int32_t r = 0; r < n; ++r) in[r] = row_of<const float>(rows, t * kTileRows + r);
        write_tile(type, in, n, k, tiles + tile_offset(type, t, k), scratch);
    }

    const int64_t n_panels = weights->ne[1] / kPanelColumns;
    const int64_t per_chunk = std::max<int64_t>(1, n_panels / (kChunksPerThread * params->nth));
    if (params->ith == 0) ggml_threadpool_chunk_set(params->threadpool, params->nth);
    ggml_barrier(params->threadpool);

    const auto * panels = static_cast<const uint8_t *>(weights->data);
    for (int64_t chunk = params->ith; chunk * per_chunk < n_panels;
         chunk = ggml_threadpool_chunk_add(params->threadpool, 1)) {
        const int64_t end = std::min(n_panels, (chunk + 1) * per_chunk);
        for (int64_t p = chunk * per_chunk; p < end; ++p) {
            const uint8_t * panel = panels + static_cast<size_t>(p) * panel_bytes(type, k);
            for (int64_t t = 0; t < n_tiles; ++t) {
                float * out[kTileRows];
                const int32_t n = rows_of_tile(t, n_rows);
                for (int32_t r = 0; r < n; ++r) out[r] = row_of<float>(op, t * kTileRows + r) + p * kPanelColumns;
                kernel_.multiply(type, panel, tiles + tile_offset(type, t, k), n, static_cast<int32_t>(k / kBlockSize),
                                 t == 0, out);
            }
        }
    }
    return true;
}

}  // namespace banyan
