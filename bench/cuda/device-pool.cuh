// Random K/V pools on the device, block tables and the descriptor of a batch: what a step's attention reads.
#pragma once

#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "cuda/batch-tables.h"
#include "runner/cuda/device-plan.h"
#include "runner/cuda/paged-attention.h"

namespace banyan::bench {

using namespace test;

inline void must(cudaError_t error, const char * file, int line) {
    if (error == cudaSuccess) return;
    std::fprintf(stderr, "%s:%d: %s\n", file, line, cudaGetErrorString(error));
    std::exit(1);
}
#define MUST(x) banyan::bench::must((x), __FILE__, __LINE__)

template <typename T>
struct DeviceArray {
    T * data = nullptr;
    size_t n = 0;
    explicit DeviceArray(size_t count) : n(count) { MUST(cudaMalloc(&data, (count > 0 ? count : 1) * sizeof(T))); }
    ~DeviceArray() { cudaFree(data); }
    DeviceArray(const DeviceArray &) = delete;
    DeviceArray & operator=(const DeviceArray &) = delete;
};

/** f16 numbers in [-1, 1) from a hash of their index: the same on every device, never zeros. */
__global__ void fill_random_f16(uint16_t * data, size_t n, uint32_t seed) {
    for (size_t i = blockIdx.x * static_cast<size_t>(blockDim.x) + threadIdx.x; i < n;
         i += static_cast<size_t>(gridDim.x) * blockDim.x) {
        uint32_t x = static_cast<uint32_t>(i) * 2654435761u ^ seed;
        x ^= x >> 16, x *= 0x7feb352du, x ^= x >> 15, x *= 0x846ca68bu, x ^= x >> 16;
        data[i] = __half_as_ushort(__float2half(static_cast<float>(x) / 2147483648.0f - 1.0f));
    }
}

__global__ void fill_random_f32(float * data, size_t n, uint32_t seed) {
    for (size_t i = blockIdx.x * static_cast<size_t>(blockDim.x) + threadIdx.x; i < n;
         i += static_cast<size_t>(gridDim.x) * blockDim.x) {
        uint32_t x = static_cast<uint32_t>(i) * 2246822519u ^ seed;
        x ^= x >> 16, x *= 0x7feb352du, x ^= x >> 15, x *= 0x846ca68bu, x ^= x >> 16;
        data[i] = static_cast<float>(x) / 1073741824.0f - 2.0f;
    }
}

/** Attention of one batch over a few layers' pools, captured as a CUDA graph of a whole step's layers. */
class StepAttention {
  public:
    /** pools: how many layers have memory of their own; a step takes them in turn. */
    StepAttention(const ModelShape & model, const BatchCase & batch, int pools, int layers)
        : tables(batch),
          planner_(device_plan_config(plan_config(model), cuda::processor_count(0))),
          k_(model.cell_bytes() / 2 * kPageTokens * tables.n_pages * pools),
          v_(k_.n),
          q_(static_cast<size_t>(tables.n_tokens) * model.n_head * model.head),
          out_(q_.n),
          descriptor_(1),
          scratch_(cuda::scratch_bytes(tables.n_tokens, model.n_head, model.head)) {
        fill_random_f16<<<2048, 256>>>(k_.data, k_.n, 1);
        fill_random_f16<<<2048, 256>>>(v_.data, v_.n, 2);
        fill_random_f32<<<2048, 256>>>(q_.data, q_.n, 3);
        MUST(cudaDeviceSynchronize());
        MUST(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
        const std::vector<int32_t> & plan =
            planner_.build(tables.rows.data(), static_cast<int32_t>(tables.rows.size()));
        capacity_ = 1024;
        while (capacity_ < plan.size()) capacity_ *= 2;
        MUST(cudaFree(descriptor_.data));
        MUST(cudaMalloc(&descriptor_.data, capacity_ * sizeof(int32_t)));
        MUST(cudaMallocHost(&staging_, capacity_ * sizeof(int32_t)));
        upload();
        cudaGraph_t graph;
        MUST(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
        for (int layer = 0; layer < layers; ++layer) enqueue(model, layer % pools, pools);
        MUST(cudaStreamEndCapture(stream, &graph));
        MUST(cudaGraphInstantiate(&graph_, graph, 0));
        MUST(cudaGraphDestroy(graph));
    }
    ~StepAttention() {
        cudaStreamSynchronize(stream);
        cudaGraphExecDestroy(graph_);
        cudaStreamDestroy(stream);
        cudaFreeHost(staging_);
    }

    /** What the host does for a step's attention: plan, descriptor upload, graph launch. */
    void step() {
        planner_.build(tables.rows.data(), static_cast<int32_t>(tables.rows.size()));
        upload();
        replay();
    }
    void replay() { MUST(cudaGraphLaunch(graph_, stream)); }
    const DescriptorHeader & header() const { return planner_.header(); }

    BatchTables tables;
    cudaStream_t stream = nullptr;

  private:
    void upload() {
        const std::vector<int32_t> & plan = planner_.descriptor();
        std::copy(plan.begin(), plan.end(), staging_);
        MUST(
            cudaMemcpyAsync(descriptor_.data, staging_, plan.size() * sizeof(int32_t), cudaMemcpyHostToDevice, stream));
    }

    void enqueue(const ModelShape & model, int pool, int pools) {
        cuda::AttentionOp op{};
        const int64_t head = model.head * 2;
        const int64_t cell = static_cast<int64_t>(model.cell_bytes());
        op.n_tokens = tables.n_tokens;
        op.n_head = model.n_head;
        op.n_head_kv = model.n_head_kv;
        op.q = reinterpret_cast<const char *>(q_.data);
        op.q_head_stride = model.head * 4;
        op.q_token_stride = op.q_head_stride * model.n_head;
        op.k = {reinterpret_cast<const char *>(k_.data + k_.n / pools * pool), cell, head};
        op.v = {reinterpret_cast<const char *>(v_.data + v_.n / pools * pool), cell, head};
        op.out = out_.data;
        op.descriptor = descriptor_.data;
        op.scale = 0.08838834764f;
        cuda::set_scratch(op, scratch_.data);
        const char * error =
            cuda::launch_paged_attention(0, stream, {model.head, model.head, cuda::KvType::f16, false}, op);
        if (error) {
            std::fprintf(stderr, "%s\n", error);
            std::exit(1);
        }
    }

    AttentionPlanner planner_;
    DeviceArray<uint16_t> k_, v_;
    DeviceArray<float> q_, out_;
    DeviceArray<int32_t> descriptor_;
    DeviceArray<char> scratch_;
    int32_t * staging_ = nullptr;  // pinned
    size_t capacity_ = 0;
    cudaGraphExec_t graph_ = nullptr;
};

}  // namespace banyan::bench
