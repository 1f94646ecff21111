// Products of packed weights: against double precision, against ggml's own, over shapes and threads, bit for bit over
// batches.
#include "runner/matrix/packed-weights.h"

#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "ggml-backend.h"
#include "ggml-cpp.h"
#include "ggml-cpu.h"
#include "ggml-cpu/traits.h"
#include "runner/free-memory.h"
#include "runner/matrix/kernels/kernel.h"

using namespace banyan;
using namespace banyan::test;

namespace {

struct Shape {
    int64_t k, n;
    int64_t rows = 1, planes = 1, cubes = 1;

    int64_t all_rows() const { return rows * planes * cubes; }
};

std::vector<float> random_floats(int64_t n, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> out(static_cast<size_t>(n));
    for (float & x : out) x = normal(random);
    return out;
}

std::vector<uint8_t> quantised(ggml_type type, const std::vector<float> & x, int64_t k) {
    const int64_t n = static_cast<int64_t>(x.size()) / k;
    std::vector<uint8_t> out(ggml_row_size(type, k) * static_cast<size_t>(n));
    ggml_quantize_chunk(type, x.data(), out.data(), 0, n, k, nullptr);
    return out;
}

/** Every kernel that runs here, registered as the loader's choice would be. */
std::vector<const MatrixKernel *> kernels() {
    static const std::vector<const MatrixKernel *> all = [] {
        std::vector<const MatrixKernel *> found;
        for (const char * name : {"portable", "avx2", "avxvnni", "vnni"}) {
            const MatrixKernel * kernel = find_matrix_kernel(name);
            if (!kernel) continue;
            found.push_back(kernel);
            ggml_backend_cpu_get_extra_buffer_types().push_back(packed_weights(*kernel));
        }
        return found;
    }();
    return all;
}

/** What a tensor of a product holds: weights, rows, or which expert each row goes to. */
struct Operand {
    ggml_tensor * tensor;
    const void * data;
};

/** One product: its tensors, the weights in a buffer of their type, and what it gives. */
struct Graph {
    ggml_init_params params = {ggml_tensor_overhead() * 8 + ggml_graph_overhead(), nullptr, true};
    ggml_context_ptr of_weights{ggml_init(params)}, of_rest{ggml_init(params)};

    /** Empty: the buffer type does not take it. */
    std::vector<float> run(ggml_backend_buffer_type_t buffer_type, ggml_tensor * y,
                           const std::vector<Operand> & operands, int n_threads) const {
        ggml_cgraph * graph = ggml_new_graph(of_rest.get());
        ggml_build_forward_expand(graph, y);
        const ggml_backend_ptr cpu(ggml_backend_cpu_init());
        ggml_backend_cpu_set_n_threads(cpu.get(), n_threads);
        const ggml_backend_buffer_ptr a(ggml_backend_alloc_ctx_tensors_from_buft(of_weights.get(), buffer_type));
        const ggml_backend_buffer_ptr b(ggml_backend_alloc_ctx_tensors(of_rest.get(), cpu.get()));
        if (!ggml_backend_supports_op(cpu.get(), y)) return {};
        for (const Operand & each : operands) {
            ggml_backend_tensor_set(each.tensor, each.data, 0, ggml_nbytes(each.tensor));
        }
        CHECK(ggml_backend_graph_compute(cpu.get(), graph) == GGML_STATUS_SUCCESS);
        std::vector<float> out(static_cast<size_t>(ggml_nelements(y)));
        ggml_backend_tensor_get(y, out.data(), 0, out.size() * sizeof(float));
        return out;
    }
};

/** weights [n][k] x rows [..][k], the weights in a buffer of this type. Empty: it does not take them. */
std::vector<float> product(ggml_backend_buffer_type_t buffer_type, ggml_type type, const std::vector<uint8_t> & weights,
                           const std::vector<float> & rows, const Shape & shape, int n_threads) {
    const Graph graph;
    ggml_context * rest = graph.of_rest.get();
    ggml_tensor * w = ggml_new_tensor_2d(graph.of_weights.get(), type, shape.k, shape.n);
    ggml_tensor * x = ggml_new_tensor_4d(rest, GGML_TYPE_F32, shape.k, shape.rows, shape.planes, shape.cubes);
    ggml_tensor * y = ggml_mul_mat(rest, w, x);
    return graph.run(buffer_type, y, {{w, weights.data()}, {x, rows.data()}}, n_threads);
}

/** Tokens that go to so many experts each; rows a token: one for all of them, or one for each. */
struct Experts {
    int64_t used, rows_a_token, tokens;
};

/** Of each token, which: never one twice; the last of them is chosen by no token. */
std::vector<int32_t> chosen(const Experts & experts, int64_t n_experts) {
    std::vector<int32_t> ids;
    for (int64_t token = 0; token < experts.tokens; ++token) {
        for (int64_t i = 0; i < experts.used; ++i) {
            ids.push_back(static_cast<int32_t>((token * token + i) % (n_experts - 1)));
        }
    }
    return ids;
}

std::vector<float> expert_product(ggml_backend_buffer_type_t buffer_type, ggml_type type,
                                  const std::vector<uint8_t> & weights, const std::vector<float> & rows,
                                  const std::vector<int32_t> & ids, const Shape & shape, int64_t n_experts,
                                  const Experts & experts, int n_threads) {
    const Graph graph;
    ggml_context * rest = graph.of_rest.get();
    ggml_tensor * w = ggml_new_tensor_3d(graph.of_weights.get(), type, shape.k, shape.n, n_experts);
    ggml_tensor * x = ggml_new_tensor_3d(rest, GGML_TYPE_F32, shape.k, experts.rows_a_token, experts.tokens);
    ggml_tensor * which = ggml_new_tensor_2d(rest, GGML_TYPE_I32, experts.used, experts.tokens);
    ggml_tensor * y = ggml_mul_mat_id(rest, w, x, which);
    return graph.run(buffer_type, y, {{w, weights.data()}, {x, rows.data()}, {which, ids.data()}}, n_threads);
}

std::vector<float> dequantised(ggml_type type, const std::vector<uint8_t> & data, int64_t n) {
    std::vector<float> out(static_cast<size_t>(n));
    ggml_get_type_traits(type)->to_float(data.data(), out.data(), n);
    return out;
}

/** Mean square of the difference over that of the expected: rows as the kernels see them, quantised. */
double error_of(const std::vector<float> & got, ggml_type type, const std::vector<uint8_t> & weights,
                const std::vector<float> & rows, const Shape & shape) {
    const int64_t n_rows = static_cast<int64_t>(rows.size()) / shape.k;
    const std::vector<float> w = dequantised(type, weights, shape.n * shape.k);
    const std::vector<uint8_t> q = quantised(GGML_TYPE_Q8_0, rows, shape.k);
    const std::vector<float> x = dequantised(GGML_TYPE_Q8_0, q, n_rows * shape.k);
    double wrong = 0, all = 0;
    for (int64_t r = 0; r < n_rows; ++r) {
        for (int64_t c = 0; c < shape.n; ++c) {
            double sum = 0;
            for (int64_t i = 0; i < shape.k; ++i) {
                sum += double{w[static_cast<size_t>(c * shape.k + i)]} * x[static_cast<size_t>(r * shape.k + i)];
            }
            const double off = got[static_cast<size_t>(r * shape.n + c)] - sum;
            wrong += off * off;
            all += sum * sum;
        }
    }
    return wrong / all;
}

constexpr ggml_type kTypes[] = {GGML_TYPE_Q8_0, GGML_TYPE_Q4_0, GGML_TYPE_Q4_1, GGML_TYPE_Q5_0,
                                GGML_TYPE_Q5_1, GGML_TYPE_Q4_K, GGML_TYPE_Q5_K, GGML_TYPE_Q6_K};

/** The shape, with as many numbers along k as the type wants. */
Shape fitting(Shape shape, ggml_type type) {
    const int64_t block = ggml_blck_size(type);
    shape.k = (shape.k + block - 1) / block * block;
    return shape;
}

}  // namespace

TEST("products of packed weights, by kernel, type, shape and threads") {
    const Shape shapes[] = {{32, 16},      {64, 48, 2},       {640, 160, 7},    {96, 16, 8},    {320, 96, 9},
                            {288, 64, 33}, {64, 32, 3, 2, 2}, {2048, 16, 1, 5}, {160, 1040, 17}};
    for (const MatrixKernel * kernel : kernels()) {
        for (const ggml_type type : kTypes) {
            for (const Shape & any : shapes) {
                const Shape shape = fitting(any, type);
                const std::vector<uint8_t> weights = quantised(type, random_floats(shape.n * shape.k, 1), shape.k);
                const int64_t n_rows = shape.all_rows();
                const std::vector<float> rows = random_floats(n_rows * shape.k, 2);
                std::vector<float> by_one;
                for (const int n_threads : {1, 2, 5}) {
                    const auto got = product(packed_weights(*kernel), type, weights, rows, shape, n_threads);
                    CHECK_EQ(got.size(), static_cast<size_t>(n_rows * shape.n));
                    const double error = got.empty() ? 1 : error_of(got, type, weights, rows, shape);
                    if (!(error < 1e-11)) {
                        fail(__FILE__, __LINE__,
                             std::string(kernel->name) + ", " + ggml_type_name(type) + ", k " +
                                 std::to_string(shape.k) + ": " + std::to_string(error));
                    }
                    if (n_threads == 1) by_one = got;
                    CHECK(got == by_one);
                }
            }
        }
    }
}

TEST("a row's product has the same bits alone and in company") {
    const int64_t k = 256, n = 64;
    const std::vector<float> rows = random_floats(19 * k, 4);
    for (const MatrixKernel * kernel : kernels()) {
        for (const ggml_type type : kTypes) {
            const std::vector<uint8_t> weights = quantised(type, random_floats(n * k, 3), k);
            const auto together = product(packed_weights(*kernel), type, weights, rows, {k, n, 19}, 2);
            for (int64_t r = 0; r < 19; ++r) {
                const std::vector<float> row(rows.begin() + r * k, rows.begin() + (r + 1) * k);
                const auto alone = product(packed_weights(*kernel), type, weights, row, {k, n}, 1);
                CHECK(std::memcmp(alone.data(), together.data() + r * n, static_cast<size_t>(n) * sizeof(float)) == 0);
            }
        }
    }
}

TEST("a row times one of its experts has the bits of that expert's matrix alone") {
    const int64_t n = 48, n_experts = 7;
    for (const MatrixKernel * kernel : kernels()) {
        for (const ggml_type type : kTypes) {
            const int64_t k = fitting({96, n}, type).k;
            const std::vector<uint8_t> weights = quantised(type, random_floats(n_experts * n * k, 9), k);
            const size_t of_one = weights.size() / n_experts;
            for (const Experts & experts : {Experts{3, 1, 1}, Experts{3, 3, 1}, Experts{2, 1, 21}, Experts{2, 2, 40}}) {
                const std::vector<float> rows = random_floats(experts.rows_a_token * experts.tokens * k, 10);
                const std::vector<int32_t> ids = chosen(experts, n_experts);
                for (const int n_threads : {1, 3}) {
                    const auto got = expert_product(packed_weights(*kernel), type, weights, rows, ids, {k, n},
                                                    n_experts, experts, n_threads);
                    CHECK_EQ(got.size(), ids.size() * static_cast<size_t>(n));
                    for (size_t i = 0; i < ids.size() && !got.empty(); ++i) {
                        const auto token = static_cast<int64_t>(i) / experts.used;
                        const auto which = static_cast<int64_t>(i) % experts.used % experts.rows_a_token;
                        const auto row = rows.begin() + (token * experts.rows_a_token + which) * k;
                        const auto expert = weights.begin() + static_cast<std::ptrdiff_t>(of_one) * ids[i];
                        const auto alone =
                            product(packed_weights(*kernel), type,
                                    {expert, expert + static_cast<std::ptrdiff_t>(of_one)}, {row, row + k}, {k, n}, 1);
                        CHECK(std::equal(alone.begin(), alone.end(), got.begin() + static_cast<std::ptrdiff_t>(i) * n));
                    }
                }
            }
        }
    }
}

TEST("kernels of instruction sets give the same bits") {
    for (const ggml_type type : kTypes) {
        const Shape shape = fitting({288, 64, 21}, type);
        const std::vector<uint8_t> weights = quantised(type, random_floats(shape.n * shape.k, 7), shape.k);
        const std::vector<float> rows = random_floats(shape.rows * shape.k, 8);
        std::vector<float> first;
        for (const MatrixKernel * kernel : kernels()) {
            if (kernel == find_matrix_kernel("portable")) continue;  // rounds once more a block
            const auto got = product(packed_weights(*kernel), type, weights, rows, shape, 2);
            if (first.empty()) first = got;
            CHECK(got == first);
        }
    }
}

TEST("the ends of the number range: largest quants, zeros, weights of -128") {
    for (const MatrixKernel * kernel : kernels()) {
        for (const ggml_type type : kTypes) {
            const int64_t n = 16, k = fitting({64, n}, type).k;
            for (const float value : {0.0F, 1e-3F, 300.0F, -300.0F}) {
                std::vector<uint8_t> weights = quantised(type, std::vector<float>(k * n, value), k);
                if (type == GGML_TYPE_Q8_0 && value > 1)
                    std::memset(weights.data() + 2, 0x80, 32);  // a file may say so
                const std::vector<float> rows(k, value);
                const auto got = product(packed_weights(*kernel), type, weights, rows, {k, n}, 1);
                const bool nothing = value == 0;
                if (nothing) CHECK(got == std::vector<float>(n, 0.0F));
                if (!nothing) CHECK(error_of(got, type, weights, rows, {k, n}) < 1e-10);
            }
        }
    }
}

TEST("a buffer that does not fit into free memory is refused, so that weights stay mapped") {
    if (free_memory() == 0) return;  // not known here
    for (const MatrixKernel * kernel : kernels()) {
        CHECK(!ggml_backend_buft_alloc_buffer(packed_weights(*kernel), free_memory() * 2));
    }
}

TEST("what is not packed is refused: other types, columns that are no multiple of 16") {
    const Shape shape = {64, 24};
    for (const MatrixKernel * kernel : kernels()) {
        const auto refused = [&](ggml_type type, const Shape & of) {
            const std::vector<uint8_t> weights = quantised(type, random_floats(of.n * of.k, 5), of.k);
            return product(packed_weights(*kernel), type, weights, random_floats(of.k, 6), of, 1).empty();
        };
        CHECK(refused(GGML_TYPE_Q8_0, shape));
        CHECK(refused(GGML_TYPE_IQ4_NL, {64, 32}));
        CHECK(!refused(GGML_TYPE_Q8_0, {64, 32}));
    }
}
