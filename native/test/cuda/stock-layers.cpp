#include "cuda/stock-layers.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <stdexcept>

#include "runner/cuda/device-plan.h"
#include "runner/cuda/ggml-hook.h"

namespace banyan::test {

namespace {

std::vector<ggml_fp16_t> random_f16(size_t n) {
    std::mt19937 rng(1);
    std::normal_distribution<float> normal;
    std::vector<ggml_fp16_t> data(n);
    for (ggml_fp16_t & x : data) x = ggml_fp32_to_fp16(normal(rng));
    return data;
}

PlanConfig planner_config(ggml_backend_t backend, const ModelShape & model) {
    const bool cpu = ggml_backend_dev_type(ggml_backend_get_device(backend)) == GGML_BACKEND_DEVICE_TYPE_CPU;
    return cpu ? plan_config(model) : device_plan_config(plan_config(model), cuda_processors(0));
}

}  // namespace

StockLayers::StockLayers(StockKind kind, ggml_backend_t backend, const ModelShape & model, const BatchCase & batch,
                         int layers)
    : kind_(kind),
      backend_(backend),
      tables_(batch, false),
      planner_(planner_config(backend, model)),
      context_(ggml_init(
          {ggml_tensor_overhead() * 16 * static_cast<size_t>(layers) + ggml_graph_overhead(), nullptr, true})) {
    planner_.build(tables_.rows.data(), batch.rows);
    attention_.set_plan(planner_.descriptor());
    ggml_context * ctx = context_.get();
    const int64_t width = model.head * model.n_head_kv;
    const int64_t n_cells = static_cast<int64_t>(tables_.n_pages) * kPageTokens;
    const int64_t n_stream = kind == StockKind::streams ? batch.rows : 1;
    q_ = ggml_new_tensor_4d(ctx, GGML_TYPE_F32, model.head, model.n_head, tables_.n_tokens / n_stream, n_stream);
    mask_ = make_mask(batch, n_cells);
    graph_ = ggml_new_graph(ctx);
    for (int i = 0; i < layers; ++i) {
        ggml_tensor * sides[2];
        for (ggml_tensor *& side : sides) {
            ggml_tensor * pool = ggml_new_tensor_2d(ctx, GGML_TYPE_F16, width, n_cells);
            pools_.push_back(pool);
            side = ggml_view_4d(ctx, pool, model.head, n_cells / n_stream, model.n_head_kv, n_stream, pool->nb[1],
                                model.head * sizeof(ggml_fp16_t), pool->nb[1] * (n_cells / n_stream), 0);
        }
        ggml_tensor * out = ggml_flash_attn_ext(ctx, ggml_permute(ctx, q_, 0, 2, 1, 3), sides[0], sides[1], mask_,
                                                1.0f / std::sqrt(static_cast<float>(model.head)), 0.0f, 0.0f);
        ggml_prec_set_acc(out, GGML_PREC_F32);
        ggml_flash_attn_ext_set_n_kv_max(out, static_cast<int32_t>(n_cells / n_stream));
        outs_.push_back(out);
        ggml_build_forward_expand(graph_, out);
    }
    buffer_.reset(ggml_backend_alloc_ctx_tensors(ctx, backend));
    if (!buffer_) throw std::runtime_error("not enough memory");
    fill(batch);
    supported = ggml_backend_supports_op(backend, outs_[0]);
}

std::vector<float> StockLayers::answer() const {
    std::vector<float> data(ggml_nelements(outs_.back()));
    ggml_backend_tensor_get(outs_.back(), data.data(), 0, data.size() * sizeof(float));
    return data;
}

ggml_tensor * StockLayers::make_mask(const BatchCase & batch, int64_t n_cells) {
    ggml_context * ctx = context_.get();
    if (kind_ == StockKind::streams) {
        return ggml_new_tensor_4d(ctx, GGML_TYPE_F16, n_cells / batch.rows, batch.n_new, 1, batch.rows);
    }
    if (kind_ == StockKind::unified) return ggml_new_tensor_2d(ctx, GGML_TYPE_F16, n_cells, tables_.n_tokens);
    ggml_tensor * descriptor =
        ggml_new_tensor_1d(ctx, GGML_TYPE_I32, static_cast<int64_t>(planner_.descriptor().size()));
    descriptor->extra = attention_.extra();
    return descriptor;
}

void StockLayers::fill(const BatchCase & batch) {
    std::mt19937 rng(2);
    std::normal_distribution<float> normal;
    std::vector<float> queries(ggml_nelements(q_));
    for (float & x : queries) x = normal(rng);
    ggml_backend_tensor_set(q_, queries.data(), 0, queries.size() * sizeof(float));
    static const std::vector<ggml_fp16_t> noise = random_f16(1 << 20);
    for (ggml_tensor * pool : pools_) {
        for (size_t at = 0; at < ggml_nbytes(pool);) {
            const size_t n = std::min(ggml_nbytes(pool) - at, noise.size() * sizeof(ggml_fp16_t));
            ggml_backend_tensor_set(pool, noise.data(), at, n);
            at += n;
        }
    }
    if (kind_ != StockKind::paged) return fill_mask(batch);
    const std::vector<int32_t> & descriptor = planner_.descriptor();
    ggml_backend_tensor_set(mask_, descriptor.data(), 0, descriptor.size() * sizeof(int32_t));
}

void StockLayers::fill_mask(const BatchCase & batch) {
    std::vector<ggml_fp16_t> mask(ggml_nelements(mask_), ggml_fp32_to_fp16(-INFINITY));
    const ggml_fp16_t visible = ggml_fp32_to_fp16(0.0f);
    const int64_t row_cells = mask_->ne[0];
    for (int r = 0; r < batch.rows; ++r) {
        for (int i = 0; i < batch.n_new; ++i) {
            ggml_fp16_t * row = mask.data() + (static_cast<int64_t>(r) * batch.n_new + i) * row_cells;
            for (int p = 0; p <= batch.length - batch.n_new + i; ++p) {
                const int64_t cell =
                    static_cast<int64_t>(tables_.pages[r][p / kPageTokens]) * kPageTokens + p % kPageTokens;
                row[kind_ == StockKind::streams ? p : cell] = visible;
            }
        }
    }
    ggml_backend_tensor_set(mask_, mask.data(), 0, mask.size() * sizeof(ggml_fp16_t));
}

int layers_of(const ModelShape & model, const BatchCase & batch) {
    const double bytes = 2.0 * model.cell_bytes() * batch.rows * batch.length;
    return static_cast<int>(std::clamp(1e9 / bytes, 2.0, 16.0));
}

ggml_backend_dev_t stock_device(bool cpu) {
    return ggml_backend_dev_by_type(cpu ? GGML_BACKEND_DEVICE_TYPE_CPU : GGML_BACKEND_DEVICE_TYPE_GPU);
}

std::vector<BatchCase> stock_cases(bool cpu) {
    if (cpu) return {{1, 256, 0}, {4, 160, 0}, {4, 256, 192}, {1, 320, 0, 64}};
    return {{8, 2048, 0}, {32, 1024, 0}, {1, 4096, 0},     {1, 4096 + 512, 0, 512}, {32, 1024, 768},
            {8, 8192, 0}, {32, 4096, 0}, {32, 4096, 3072}, {1, 2048, 0, 2048}};
}

std::string name_of(const BatchCase & c) {
    std::string name = std::to_string(c.rows) + " x " + std::to_string(c.length);
    if (c.n_new > 1) name += ", " + std::to_string(c.n_new) + " new";
    return name + (c.shared > 0 ? ", 75% shared" : "");
}

}  // namespace banyan::test
