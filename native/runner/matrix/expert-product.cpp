#include "runner/matrix/expert-product.h"

#include <algorithm>
#include <cstring>

#include "ggml-cpu/ggml-cpu-impl.h"
#include "runner/matrix/kernels/kernel.h"
#include "runner/matrix/panels.h"
#include "runner/matrix/product.h"
#include "runner/matrix/tiles.h"

namespace banyan {

namespace {

int32_t expert_of(const ggml_tensor * ids, int64_t row) {
    const auto in = static_cast<size_t>(row % ids->ne[0]), token = static_cast<size_t>(row / ids->ne[0]);
    int32_t expert;
    std::memcpy(&expert, static_cast<const char *>(ids->data) + in * ids->nb[0] + token * ids->nb[1], sizeof(expert));
    return expert;
}

/** Rows by the expert that they go to, in memory of `bytes`. A row is a token with one of its experts: token x experts
 * a token + which. */
class RowsByExpert {
  public:
    static size_t bytes(int64_t n_experts, int64_t n_rows) {
        return sizeof(int32_t) * static_cast<size_t>(2 * n_experts + 1 + n_rows);
    }

    /** ids: [experts a token, tokens]. */
    RowsByExpert(const ggml_tensor * ids, int64_t n_experts, void * memory)
        : begin_(static_cast<int32_t *>(memory)), active_(begin_ + n_experts + 1), rows_(active_ + n_experts) {
        const int64_t n_rows = ids->ne[0] * ids->ne[1];
        std::fill(begin_, begin_ + n_experts + 1, 0);
        for (int64_t row = 0; row < n_rows; ++row) {
            const int32_t expert = expert_of(ids, row);
            GGML_ASSERT(expert >= 0 && expert < n_experts);
            ++begin_[expert];
        }
        for (int32_t e = 0, end = 0; e <= n_experts; ++e) {
            if (begin_[e] > 0) active_[n_active_++] = e;
            begin_[e] = end += begin_[e];
        }
        for (int64_t row = n_rows - 1; row >= 0; --row) {  // from the end of each expert's
            rows_[--begin_[expert_of(ids, row)]] = static_cast<int32_t>(row);
        }
    }

    /** Experts that have rows. */
    int64_t n_active() const { return n_active_; }
    int32_t active(int64_t i) const { return active_[i]; }
    /** An expert's are [begin, end) of `row`. */
    int32_t begin(int32_t expert) const { return begin_[expert]; }
    int32_t end(int32_t expert) const { return begin_[expert + 1]; }
    int32_t row(int32_t i) const { return rows_[i]; }

  private:
    int32_t *begin_, *active_, *rows_;
    int64_t n_active_ = 0;
};

/** The row of a tensor [numbers, experts a token or 1, tokens]. */
template <typename T>
T * row_of(const ggml_tensor * tensor, int32_t row, int64_t experts_a_token) {
    const int64_t which = row % experts_a_token % tensor->ne[1], token = row / experts_a_token;
    return reinterpret_cast<T *>(static_cast<char *>(tensor->data) + static_cast<size_t>(which) * tensor->nb[1] +
                                 static_cast<size_t>(token) * tensor->nb[2]);
}

/** Where things are in the work buffer: tiles, by expert, and of each thread its rows by expert and its scratch. */
struct Work {
    size_t tiles, rows, scratch;

    size_t of_thread(int i) const { return tiles + static_cast<size_t>(i) * (rows + scratch); }
};

Work work_of(const ggml_tensor * op) {
    const ggml_tensor * weights = op->src[0];
    const int64_t n_rows = ggml_nelements(op->src[2]), k = weights->ne[0];
    return {tiles_size(*panel_type(weights), n_rows, k), RowsByExpert::bytes(weights->ne[2], n_rows),
            (tile_scratch_size(k) + 3) / 4 * 4};
}

int32_t tile_rows(const RowsByExpert & rows, int32_t expert, int32_t begin) {
    return std::min(kTileRows, rows.end(expert) - begin);
}

}  // namespace

size_t expert_work_size(int n_threads, const ggml_tensor * op) {
    return work_of(op).of_thread(n_threads);
}

void multiply_experts(const MatrixKernel & kernel, ggml_compute_params * params, ggml_tensor * op) {
    const ggml_tensor * weights = op->src[0];
    const PanelType type = *panel_type(weights);
    const int64_t k = weights->ne[0], experts_a_token = op->src[2]->ne[0];
    const Work work = work_of(op);
    auto * tiles = static_cast<uint8_t *>(params->wdata);
    uint8_t * own = tiles + work.of_thread(params->ith);
    const RowsByExpert rows(op->src[2], weights->ne[2], own);

    int32_t tile = 0;
    for (int64_t a = 0; a < rows.n_active(); ++a) {
        const int32_t expert = rows.active(a);
        for (int32_t i = rows.begin(expert); i < rows.end(expert); i += kTileRows) {
            if (tile++ % params->nth != params->ith) continue;
            const float * in[kTileRows];
            const int32_t n = tile_rows(rows, expert, i);
            for (int32_t r = 0; r < n; ++r) in[r] = row_of<const float>(op->src[1], rows.row(i + r), experts_a_token);
            write_tile(type, in, n, k, tiles + tiles_size(type, i, k), own + work.rows);
        }
    }

    const int64_t n_panels = weights->ne[1] / kPanelColumns;
    const int64_t chunks =
        std::clamp<int64_t>(kChunksPerThread * params->nth / std::max<int64_t>(1, rows.n_active()), 1,
                            n_panels);  // an expert
    if (params->ith == 0) ggml_threadpool_chunk_set(params->threadpool, params->nth);
    ggml_barrier(params->threadpool);

    for (int64_t chunk = params->ith; chunk < chunks * rows.n_active();
         chunk = ggml_threadpool_chunk_add(params->threadpool, 1)) {
        const int32_t expert = rows.active(chunk / chunks);
        const auto * panels =
            static_cast<const uint8_t *>(weights->data) + static_cast<size_t>(expert * n_panels) * panel_bytes(type, k);
        for (int64_t p = n_panels * (chunk % chunks) / chunks; p < n_panels * (chunk % chunks + 1) / chunks; ++p) {
            const uint8_t * panel = panels + static_cast<size_t>(p) * panel_bytes(type, k);
            for (int32_t i = rows.begin(expert); i < rows.end(expert); i += kTileRows) {
                float * out[kTileRows];
                const int32_t n = tile_rows(rows, expert, i);
                for (int32_t r = 0; r < n; ++r) {
                    out[r] = row_of<float>(op, rows.row(i + r), experts_a_token) + p * kPanelColumns;
                }
                kernel.multiply(type, panel, tiles + tiles_size(type, i, k), n, static_cast<int32_t>(k / kBlockSize),
                                i == rows.begin(expert), out);
            }
        }
    }
}

}  // namespace banyan
