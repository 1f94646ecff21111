// One attention op through ggml, ours over pages against stock llama.cpp's over the same numbers: first that the
// answers agree, then time. Stock streams: every sequence's keys contiguous. Stock unified: one pool and a dense mask.
//   stock-attention [--repeats 20] [--answers] [--cpu]
// --answers: no times. --cpu: small cases on the CPU, to try the program itself.
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <random>
#include <stdexcept>

#include "batch-tables.h"
#include "ggml-backend.h"
#include "ggml-cpp.h"
#include "ggml.h"
#include "runner/attention/paged-attention.h"
#include "runner/cuda/device-plan.h"
#include "runner/cuda/ggml-hook.h"
#include "verdict.h"

using namespace banyan;
using namespace banyan::bench;

namespace {

enum class Kind { paged, streams, unified };
const char * const kNames[] = {"paged", "stock streams", "stock unified"};

std::vector<ggml_fp16_t> random_f16(size_t n) {
    std::mt19937 rng(1);
    std::normal_distribution<float> normal;
    std::vector<ggml_fp16_t> data(n);
    for (ggml_fp16_t & x : data) x = ggml_fp32_to_fp16(normal(rng));
    return data;
}

/** A few layers' attention, each over a pool of its own, as one ggml graph. Pages lie in order: streams read the same.
 */
class Layers {
  public:
    Layers(Kind kind, ggml_backend_t backend, const ModelShape & model, const BatchCase & batch, int layers)
        : backend_(backend),
          tables_(batch, false),
          planner_(planner_config(backend, model)),
          context_(ggml_init(
              {ggml_tensor_overhead() * 16 * static_cast<size_t>(layers) + ggml_graph_overhead(), nullptr, true})) {
        planner_.build(tables_.rows.data(), batch.rows);
        attention_.set_plan(planner_.descriptor());
        ggml_context * ctx = context_.get();
        const int64_t width = model.head * model.n_head_kv;
        const int64_t n_cells = static_cast<int64_t>(tables_.n_pages) * kPageTokens;
        const bool streams = kind == Kind::streams;
        const int64_t n_stream = streams ? batch.rows : 1;
        q_ = ggml_new_tensor_4d(ctx, GGML_TYPE_F32, model.head, model.n_head, tables_.n_tokens / n_stream, n_stream);
        mask_ = make_mask(kind, batch, n_cells);
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
        fill(kind, batch);
        supported = ggml_backend_supports_op(backend, outs_[0]);
    }

    void compute() { ggml_backend_graph_compute(backend_, graph_); }

    double ms_a_layer(int repeats) {
        std::vector<double> times;
        for (int i = -3; i < repeats; ++i) {
            ggml_backend_synchronize(backend_);
            const auto start = std::chrono::steady_clock::now();
            compute();
            const auto stop = std::chrono::steady_clock::now();
            if (i >= 0) times.push_back(std::chrono::duration<double, std::milli>(stop - start).count());
        }
        return median(times) / static_cast<double>(outs_.size());
    }

    /** [token][head][number] of the last layer; a stream is a sequence, so the order is the same for all kinds. */
    std::vector<float> answer() const {
        std::vector<float> data(ggml_nelements(outs_.back()));
        ggml_backend_tensor_get(outs_.back(), data.data(), 0, data.size() * sizeof(float));
        return data;
    }

    bool supported = false;

  private:
    static PlanConfig planner_config(ggml_backend_t backend, const ModelShape & model) {
        const bool cpu = ggml_backend_dev_type(ggml_backend_get_device(backend)) == GGML_BACKEND_DEVICE_TYPE_CPU;
        return cpu ? plan_config(model) : device_plan_config(plan_config(model), cuda_processors(0));
    }

    ggml_tensor * make_mask(Kind kind, const BatchCase & batch, int64_t n_cells) {
        ggml_context * ctx = context_.get();
        if (kind == Kind::streams) {
            return ggml_new_tensor_4d(ctx, GGML_TYPE_F16, n_cells / batch.rows, batch.n_new, 1, batch.rows);
        }
        if (kind == Kind::unified) return ggml_new_tensor_2d(ctx, GGML_TYPE_F16, n_cells, tables_.n_tokens);
        ggml_tensor * descriptor =
            ggml_new_tensor_1d(ctx, GGML_TYPE_I32, static_cast<int64_t>(planner_.descriptor().size()));
        descriptor->extra = attention_.extra();
        return descriptor;
    }

    void fill(Kind kind, const BatchCase & batch) {
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
        if (kind == Kind::paged) {
            ggml_backend_tensor_set(mask_, planner_.descriptor().data(), 0,
                                    planner_.descriptor().size() * sizeof(int32_t));
            return;
        }
        std::vector<ggml_fp16_t> mask(ggml_nelements(mask_), ggml_fp32_to_fp16(-INFINITY));
        const ggml_fp16_t visible = ggml_fp32_to_fp16(0.0f);
        const int64_t row_cells = mask_->ne[0];
        for (int r = 0; r < batch.rows; ++r) {
            for (int i = 0; i < batch.n_new; ++i) {
                ggml_fp16_t * row = mask.data() + (static_cast<int64_t>(r) * batch.n_new + i) * row_cells;
                for (int p = 0; p <= batch.length - batch.n_new + i; ++p) {
                    const int64_t cell =
                        static_cast<int64_t>(tables_.pages[r][p / kPageTokens]) * kPageTokens + p % kPageTokens;
                    row[kind == Kind::streams ? p : cell] = visible;
                }
            }
        }
        ggml_backend_tensor_set(mask_, mask.data(), 0, mask.size() * sizeof(ggml_fp16_t));
    }

    ggml_backend_t backend_;
    BatchTables tables_;
    AttentionPlanner planner_;
    PagedAttention attention_;
    ggml_context_ptr context_;
    ggml_backend_buffer_ptr buffer_;
    ggml_tensor * q_ = nullptr;
    ggml_tensor * mask_ = nullptr;
    ggml_cgraph * graph_ = nullptr;
    std::vector<ggml_tensor *> pools_, outs_;
};

double nmse(const std::vector<float> & a, const std::vector<float> & b) {
    double error = 0.0, norm = 0.0;
    for (size_t i = 0; i < b.size(); ++i) {
        if (!std::isfinite(a[i])) return INFINITY;
        error += (a[i] - b[i]) * (a[i] - b[i]);
        norm += static_cast<double>(b[i]) * b[i];
    }
    return error / norm;
}

std::string name_of(const BatchCase & c) {
    std::string name = std::to_string(c.rows) + " x " + std::to_string(c.length);
    if (c.n_new > 1) name += ", " + std::to_string(c.n_new) + " new";
    return name + (c.shared > 0 ? ", 75% shared" : "");
}

bool compare(ggml_backend_t backend, const ModelShape & model, const BatchCase & batch, int repeats) {
    const double bytes = 2.0 * model.cell_bytes() * batch.rows * batch.length;
    const int layers = static_cast<int>(std::clamp(1e9 / bytes, 2.0, 16.0));
    Layers ours(Kind::paged, backend, model, batch, layers);
    if (!ours.supported) {
        std::printf("the backend does not take the paged op\n");
        return false;
    }
    ours.compute();
    const std::vector<float> answer = ours.answer();
    const double ms = repeats > 0 ? ours.ms_a_layer(repeats) : NAN;
    bool holds = true;
    for (const Kind kind : {Kind::streams, Kind::unified}) {
        if (kind == Kind::streams && batch.shared > 0) continue;  // streams cannot share
        std::printf("| %s | %s | ", name_of(batch).c_str(), kNames[static_cast<int>(kind)]);
        try {
            Layers stock(kind, backend, model, batch, layers);
            stock.compute();
            const double error = nmse(answer, stock.answer());
            const double theirs = repeats > 0 ? stock.ms_a_layer(repeats) : NAN;
            std::printf("%.4f | %.4f | %.2fx | %.1e |\n", ms, theirs, theirs / ms, error);
            holds = verdict(1, "op through ggml, " + name_of(batch) + ", NMSE to " + kNames[static_cast<int>(kind)],
                            error, Bound::at_most, 1e-4) &&
                    holds;
            if (repeats > 0 && batch.n_new > 1 && kind == Kind::streams) {
                verdict(3, "attention, " + name_of(batch) + ", stock contiguous / paged", theirs / ms, Bound::at_least,
                        0.95);
            }
        } catch (const std::exception & e) {
            std::printf("- | - | %s | - |\n", e.what());
        }
    }
    return holds;
}

}  // namespace

int main(int argc, char ** argv) {
    int repeats = 20;
    bool cpu = false;
    for (int i = 1; i < argc; ++i) {
        if (!std::strcmp(argv[i], "--cpu")) cpu = true;
        if (!std::strcmp(argv[i], "--answers")) repeats = 0;
        if (!std::strcmp(argv[i], "--repeats") && i + 1 < argc) repeats = std::max(1, std::atoi(argv[++i]));
    }
    ggml_backend_dev_t device =
        ggml_backend_dev_by_type(cpu ? GGML_BACKEND_DEVICE_TYPE_CPU : GGML_BACKEND_DEVICE_TYPE_GPU);
    if (!device) {
        std::fprintf(stderr, "stock-attention: no GPU (--cpu tries the program on the CPU)\n");
        return 1;
    }
    const ggml_backend_ptr backend(ggml_backend_dev_init(device, nullptr));
    std::printf("\n## Attention of one layer through ggml, 8B shape, f16 KV, %s\n\n",
                ggml_backend_dev_description(device));
    std::printf("command: stock-attention --repeats %d%s\n\n", repeats, cpu ? " --cpu" : "");
    std::printf("| rows x tokens | against | paged ms | stock ms | stock/paged | NMSE |\n|---|---|---|---|---|---|\n");
    const std::vector<BatchCase> cases =
        cpu ? std::vector<BatchCase>{{1, 256, 0}, {4, 160, 0}, {4, 256, 192}, {1, 320, 0, 64}}
            : std::vector<BatchCase>{{8, 2048, 0},      {32, 1024, 0}, {1, 4096, 0},  {1, 4096 + 512, 0, 512},
                                     {32, 1024, 768},   {8, 8192, 0},  {32, 4096, 0}, {32, 4096, 3072},
                                     {1, 2048, 0, 2048}};
    bool holds = true;
    for (const BatchCase & batch : cases) holds = compare(backend.get(), ModelShape{}, batch, repeats) && holds;
    return holds ? 0 : 2;
}
