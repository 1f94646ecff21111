// The kernels on a device: the emulation's case list against double precision, twice through a captured graph, and the
// page mover. Skipped (exit code 77) where there is no device.
#define BANYAN_TEST_NO_MAIN
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>

#include "check.h"
#include "problem-list.h"
#include "runner/cuda/page-mover.h"
#include "runner/cuda/paged-attention.h"

using namespace banyan;
using namespace banyan::cuda;
using namespace banyan::test;

namespace {

void must(cudaError_t error, int line) {
    if (error == cudaSuccess) return;
    std::fprintf(stderr, "%s:%d: %s\n", __FILE__, line, cudaGetErrorString(error));
    std::exit(1);
}
#define MUST(x) must((x), __LINE__)

/** Device memory with a copy of host memory, or filled with NaN. */
class DeviceBytes {
  public:
    DeviceBytes(const void * host, size_t n) : n_(n) {
        MUST(cudaMalloc(&data_, n > 0 ? n : 1));
        if (host)
            MUST(cudaMemcpy(data_, host, n, cudaMemcpyHostToDevice));
        else
            MUST(cudaMemset(data_, 0xff, n));
    }
    ~DeviceBytes() { cudaFree(data_); }
    DeviceBytes(const DeviceBytes &) = delete;
    void upload(const void * host, size_t n) { MUST(cudaMemcpy(data_, host, n, cudaMemcpyHostToDevice)); }
    void poison() { MUST(cudaMemset(data_, 0xff, n_)); }
    void download(void * host) const { MUST(cudaMemcpy(host, data_, n_, cudaMemcpyDeviceToHost)); }
    template <typename T>
    T * as() const {
        return static_cast<T *>(data_);
    }

  private:
    void * data_ = nullptr;
    size_t n_;
};

template <typename T>
DeviceBytes uploaded(const std::vector<T> & v) {
    return DeviceBytes(v.data(), v.size() * sizeof(T));
}

double limit(KvType type) {
    return type == KvType::bf16 ? 1e-4 : 1e-5;
}

}  // namespace

namespace {

/** Launches every problem that `wanted` names and replays it from a captured graph. */
template <typename Wanted>
void check_problems(Wanted wanted) {
    cudaStream_t stream;
    MUST(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    int n = 0;
    for (ProblemSpec spec : problem_list()) {
        if (!wanted(spec)) continue;
        const AttentionShape shape{spec.dk, spec.dv, spec.type, spec.values_in_keys};
        if (!attention_supported(0, shape)) {
            std::printf("not on this device: %s\n", spec.name.c_str());
            continue;
        }
        ++n;
        if (spec.n_processors == 4) spec.n_processors = processor_count(0);
        Problem problem(spec);
        AttentionOp op = problem.op();
        const DeviceBytes k = uploaded(problem.k), v = uploaded(problem.v), q = uploaded(problem.q);
        const DeviceBytes sinks = uploaded(problem.sinks), descriptor = uploaded(problem.descriptor);
        DeviceBytes out(nullptr, problem.out.size() * sizeof(float));
        DeviceBytes scratch(nullptr, scratch_bytes(op.n_tokens, op.n_head, spec.dv));
        op.q = q.as<char>();
        op.k.data = k.as<char>();
        op.v.data = spec.values_in_keys ? op.k.data : v.as<char>();
        op.sinks = spec.sinks ? sinks.as<float>() : nullptr;
        op.descriptor = descriptor.as<int32_t>();
        op.out = out.as<float>();
        set_scratch(op, scratch.as<void>());
        const std::vector<double> expected = problem.reference();
        const auto check_answer = [&](const char * how) {
            MUST(cudaStreamSynchronize(stream));
            out.download(problem.out.data());
            const double error = nmse(problem.out, expected);
            if (!(error < limit(spec.type))) {
                fail(__FILE__, __LINE__, spec.name + ", " + how + ": nmse " + std::to_string(error));
            }
            out.poison();
            scratch.poison();
        };
        const char * wrong = launch_paged_attention(0, stream, shape, op);
        if (wrong) fail(__FILE__, __LINE__, spec.name + ": " + wrong);
        check_answer("launched");
        cudaGraph_t graph;
        cudaGraphExec_t replay;
        MUST(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
        launch_paged_attention(0, stream, shape, op);
        MUST(cudaStreamEndCapture(stream, &graph));
        MUST(cudaGraphInstantiate(&replay, graph, 0));
        for (int i = 0; i < 2; ++i) {
            MUST(cudaGraphLaunch(replay, stream));
            check_answer("replayed");
        }
        MUST(cudaGraphExecDestroy(replay));
        MUST(cudaGraphDestroy(graph));
    }
    CHECK(n > 0);
    MUST(cudaStreamDestroy(stream));
}

}  // namespace

TEST("every problem of the list, launched and replayed from a captured graph") {
    check_problems([](const ProblemSpec &) { return true; });
}

TEST("sanitizer: one problem of each cache type, head family and extra") {
    static const std::set<std::string> few = {"head 64 f16",
                                              "head 64 bf16",
                                              "head 64 q8_0",
                                              "head 64 q4_0",
                                              "head 256 f16",
                                              "MLA 576/512 f16",
                                              "softcap, sinks, ALiBi, window",
                                              "decodes padded to a bucket",
                                              "splits under a shared prefix"};
    int n = 0;
    for (const ProblemSpec & spec : problem_list()) n += static_cast<int>(few.count(spec.name));
    CHECK_EQ(n, static_cast<int>(few.size()));
    check_problems([](const ProblemSpec & spec) { return few.count(spec.name) > 0; });
}

TEST("a captured launch answers a later, different plan") {
    ProblemSpec spec;
    spec.rows = {{500, 1, 0}, {90, 1, 0}, {33, 1, 0}};
    spec.n_processors = processor_count(0);
    Problem first(spec);
    spec.rows = {{700, 1, 640}, {650, 1, 640}, {660, 1, 640}};
    spec.seed = 2;
    Problem second(spec);
    const size_t pool = std::max(first.k.size(), second.k.size());
    const size_t plan = std::max(first.descriptor.size(), second.descriptor.size()) * sizeof(int32_t);
    DeviceBytes k(nullptr, pool), v(nullptr, pool), q(nullptr, first.q.size() * sizeof(float)),
        descriptor(nullptr, plan);
    AttentionOp op = first.op();
    DeviceBytes answer(nullptr, first.out.size() * sizeof(float));
    DeviceBytes scratch(nullptr, scratch_bytes(op.n_tokens, op.n_head, spec.dv));
    op.q = q.as<char>();
    op.k.data = k.as<char>();
    op.v.data = v.as<char>();
    op.descriptor = descriptor.as<int32_t>();
    op.out = answer.as<float>();
    set_scratch(op, scratch.as<void>());
    cudaStream_t stream;
    MUST(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    cudaGraph_t graph;
    cudaGraphExec_t replay;
    MUST(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    CHECK(!launch_paged_attention(0, stream, {spec.dk, spec.dv, spec.type, false}, op));
    MUST(cudaStreamEndCapture(stream, &graph));
    MUST(cudaGraphInstantiate(&replay, graph, 0));
    second.op();
    for (Problem * problem : {&first, &second, &first}) {
        k.upload(problem->k.data(), problem->k.size());
        v.upload(problem->v.data(), problem->v.size());
        q.upload(problem->q.data(), problem->q.size() * sizeof(float));
        descriptor.upload(problem->descriptor.data(), problem->descriptor.size() * sizeof(int32_t));
        MUST(cudaGraphLaunch(replay, stream));
        MUST(cudaStreamSynchronize(stream));
        answer.download(problem->out.data());
        CHECK(nmse(problem->out, problem->reference()) < 1e-5);
        answer.poison();
        scratch.poison();
    }
    MUST(cudaGraphExecDestroy(replay));
    MUST(cudaGraphDestroy(graph));
    MUST(cudaStreamDestroy(stream));
}

TEST("pages copied on the device, sent to the host and brought back elsewhere") {
    constexpr int kPages = 10;
    constexpr int kPageTokens = 16;
    const size_t cell_bytes[] = {512, 34, 72};  // 16-byte, 2-byte and 8-byte aligned rows
    std::vector<std::vector<char>> host;
    std::vector<std::unique_ptr<DeviceBytes>> tensors;
    std::vector<PageStorage> storages;
    for (const size_t bytes : cell_bytes) {
        host.emplace_back(kPages * kPageTokens * bytes);
        for (char & x : host.back()) x = static_cast<char>(std::rand());
        tensors.push_back(std::make_unique<DeviceBytes>(host.back().data(), host.back().size()));
        storages.push_back({tensors.back()->as<char>(), bytes});
    }
    PageMover mover(0, storages, kPageTokens);
    const auto check_page = [&](int page, int expected_page, int n_tokens) {
        for (size_t s = 0; s < storages.size(); ++s) {
            const size_t bytes = cell_bytes[s] * kPageTokens;
            std::vector<char> got(host[s].size());
            tensors[s]->download(got.data());
            CHECK(std::equal(got.begin() + page * bytes, got.begin() + page * bytes + n_tokens * cell_bytes[s],
                             host[s].begin() + expected_page * bytes));
        }
    };
    const PageCopy copies[] = {{0, 5, 16}, {5, 6, 7}, {1, 7, 1}};  // in order: the second reads what the first wrote
    CHECK(!mover.copy(copies, 3));
    check_page(5, 0, 16);
    check_page(6, 0, 7);
    check_page(7, 1, 1);
    std::vector<char> saved(3 * mover.page_bytes());
    const PageId from[] = {2, 3, 4};
    const PageId to[] = {9, 8, 6};
    CHECK(!mover.to_host(from, 3, saved.data()));
    CHECK(!mover.wait());
    CHECK(!mover.to_device(to, 3, saved.data()));
    CHECK(!mover.wait());
    check_page(9, 2, 16);
    check_page(8, 3, 16);
    check_page(6, 4, 16);
}

TEST("states of recurrent layers sent to the host and brought back in other rows: pages of one token") {
    constexpr int kRows = 9;
    const size_t row_bytes[] = {24, 4096, 12, 98304, 2052};
    std::vector<std::vector<char>> host;
    std::vector<std::unique_ptr<DeviceBytes>> tensors;
    std::vector<PageStorage> storages;
    for (const size_t bytes : row_bytes) {
        host.emplace_back(kRows * bytes);
        for (char & x : host.back()) x = static_cast<char>(std::rand());
        tensors.push_back(std::make_unique<DeviceBytes>(host.back().data(), host.back().size()));
        storages.push_back({tensors.back()->as<char>(), bytes});
    }
    PageMover mover(0, storages, 1);
    const PageId from[] = {7, 0, 4}, to[] = {1, 5, 2};
    std::vector<char> saved(3 * mover.page_bytes());
    CHECK(!mover.to_host(from, 3, saved.data()));
    CHECK(!mover.wait());
    CHECK(!mover.to_device(to, 3, saved.data()));
    CHECK(!mover.wait());
    for (size_t s = 0; s < storages.size(); ++s) {
        std::vector<char> expected = host[s], got(host[s].size());
        for (int i = 0; i < 3; ++i) {
            std::copy_n(host[s].begin() + from[i] * row_bytes[s], row_bytes[s], expected.begin() + to[i] * row_bytes[s]);
        }
        tensors[s]->download(got.data());
        CHECK(got == expected);
    }
}

int main(int argc, char ** argv) {
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
        std::printf("skipped: no CUDA device\n");
        return 77;
    }
    cudaDeviceProp properties;
    MUST(cudaGetDeviceProperties(&properties, 0));
    std::printf("device: %s, compute capability %d.%d\n", properties.name, properties.major, properties.minor);
    return banyan::test::run_all(argc, argv);
}
