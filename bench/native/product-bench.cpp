// Products of quantised weights with rows of a batch: our kernel against ggml's, of weights in the file's order and of
// those that it packs itself, by turns.
//
//   product-bench [--repeats 5]
//
// One thread, matrices of 1,024 x 3,072, more of them than caches hold for few rows. Numbers are random; only time is
// measured.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "ggml-backend.h"
#include "ggml-cpp.h"
#include "ggml-cpu.h"
#include "ggml-cpu/traits.h"
#include "ggml.h"
#include "runner/huge-pages.h"
#include "runner/matrix/kernels/kernel.h"
#include "runner/matrix/packed-weights.h"

using namespace banyan;

namespace {

constexpr int64_t kWidth = 1024, kColumns = 3072;

/** The same rows times so many matrices. */
class Products {
  public:
    Products(ggml_backend_buffer_type_t order, ggml_type type, const std::vector<uint8_t> & weights, int64_t rows,
             int matrices)
        : of_weights_(context()), of_rest_(context()), cpu_(ggml_backend_cpu_init()) {
        work_ = static_cast<double>(kWidth * kColumns * rows * matrices);
        ggml_backend_cpu_set_n_threads(cpu_.get(), 1);
        ggml_tensor * x = ggml_new_tensor_2d(of_rest_.get(), GGML_TYPE_F32, kWidth, rows);
        graph_ = ggml_new_graph(of_rest_.get());
        std::vector<ggml_tensor *> all;
        for (int i = 0; i < matrices; ++i) {
            all.push_back(ggml_new_tensor_2d(of_weights_.get(), type, kWidth, kColumns));
            ggml_build_forward_expand(graph_, ggml_mul_mat(of_rest_.get(), all.back(), x));
        }
        weights_.reset(ggml_backend_alloc_ctx_tensors_from_buft(of_weights_.get(), order));
        rest_.reset(ggml_backend_alloc_ctx_tensors(of_rest_.get(), cpu_.get()));
        runs_ = ggml_backend_supports_op(cpu_.get(), ggml_graph_node(graph_, 0));
        if (!runs_) return;
        for (ggml_tensor * w : all) ggml_backend_tensor_set(w, weights.data(), 0, weights.size());
        const std::vector<float> rows_of_halves(static_cast<size_t>(kWidth * rows), 0.5F);
        ggml_backend_tensor_set(x, rows_of_halves.data(), 0, rows_of_halves.size() * sizeof(float));
    }

    /** Not where this order has no kernel for the type. */
    bool runs() const { return runs_; }

    double products_per_ns() {
        const auto begin = std::chrono::steady_clock::now();
        ggml_backend_graph_compute(cpu_.get(), graph_);
        const std::chrono::duration<double, std::nano> ns = std::chrono::steady_clock::now() - begin;
        return work_ / ns.count();
    }

  private:
    static ggml_context * context() {
        return ggml_init({ggml_tensor_overhead() * 64 + ggml_graph_overhead(), nullptr, true});
    }

    ggml_context_ptr of_weights_, of_rest_;
    ggml_backend_ptr cpu_;
    ggml_backend_buffer_ptr weights_, rest_;
    ggml_cgraph * graph_ = nullptr;
    double work_ = 0;
    bool runs_ = false;
};

double median(std::vector<double> x) {
    std::sort(x.begin(), x.end());
    return x[x.size() / 2];
}

std::vector<uint8_t> random_weights(ggml_type type) {
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    std::vector<float> x(static_cast<size_t>(kWidth * kColumns));
    for (float & number : x) number = normal(random);
    std::vector<uint8_t> out(ggml_row_size(type, kWidth) * static_cast<size_t>(kColumns));
    ggml_quantize_chunk(type, x.data(), out.data(), 0, kColumns, kWidth, nullptr);
    return out;
}

std::string number(double x) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.1f", x);
    return text;
}

/** The orders of ggml's own: the file's first. */
std::vector<ggml_backend_buffer_type_t> orders_of_ggml() {
    std::vector<ggml_backend_buffer_type_t> all = {ggml_backend_cpu_buffer_type()};
    for (const ggml_backend_buffer_type_t type : ggml_backend_cpu_get_extra_buffer_types()) all.push_back(type);
    return all;
}

void measure(ggml_type type, const std::vector<uint8_t> & weights, int64_t rows,
             const std::vector<ggml_backend_buffer_type_t> & of_ggml, ggml_backend_buffer_type_t ours, int repeats) {
    const int matrices = rows < 64 ? 16 : 2;
    std::vector<std::vector<double>> speeds(of_ggml.size() + 1);
    std::vector<std::unique_ptr<Products>> all;
    for (const ggml_backend_buffer_type_t order : of_ggml) {
        all.push_back(std::make_unique<Products>(order, type, weights, rows, matrices));
    }
    all.push_back(std::make_unique<Products>(ours, type, weights, rows, matrices));
    for (int i = 0; i < repeats; ++i) {
        for (size_t j = 0; j < all.size(); ++j) {
            if (all[j]->runs()) speeds[j].push_back(all[j]->products_per_ns());
        }
    }
    double best = 0;
    const char * name = "";
    for (size_t j = 0; j < of_ggml.size(); ++j) {
        if (speeds[j].empty() || median(speeds[j]) <= best) continue;
        best = median(speeds[j]);
        name = j == 0 ? "as the file" : ggml_backend_buft_name(of_ggml[j]);
    }
    const double own = median(speeds.back());
    std::printf("| %s | %d | %s | %s | %s | %.2fx |\n", ggml_type_name(type), static_cast<int>(rows), name,
                number(best).c_str(), number(own).c_str(), own / best);
}

}  // namespace

int main(int argc, char ** argv) {
    int repeats = 5;
    if (argc == 3 && std::string(argv[1]) == "--repeats") repeats = std::atoi(argv[2]);
    if ((argc != 1 && argc != 3) || repeats < 1) {
        std::fprintf(stderr, "usage: %s [--repeats 5]\n", argv[0]);
        return 1;
    }
    ggml_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    const std::vector<ggml_backend_buffer_type_t> of_ggml = orders_of_ggml();
    std::printf("| type | rows | ggml's best order | products a ns | of %s | x |\n|---|---|---|---|---|---|\n",
                matrix_kernel() ? matrix_kernel()->name : "no kernel");
    if (!matrix_kernel()) return 0;
    const ggml_backend_buffer_type_t ours = packed_weights(*matrix_kernel());
    ggml_backend_cpu_get_extra_buffer_types().push_back(ours);
    for (const ggml_backend_buffer_type_t type : ggml_backend_cpu_get_extra_buffer_types()) ask_for_huge_pages(type);
    for (const ggml_type type : {GGML_TYPE_Q8_0, GGML_TYPE_Q4_0, GGML_TYPE_Q4_1, GGML_TYPE_Q5_0, GGML_TYPE_Q5_1,
                                 GGML_TYPE_Q4_K, GGML_TYPE_Q5_K, GGML_TYPE_Q6_K}) {
        const std::vector<uint8_t> weights = random_weights(type);
        for (const int64_t rows : {1, 4, 8, 64, 512}) measure(type, weights, rows, of_ggml, ours, repeats);
    }
    return 0;
}
