// The two kernels and their launch. Dimensions depend on the device and on capacities only, never on the plan: a launch
// captured in a CUDA graph stays valid over decode steps.
#pragma once

#include <cuda_runtime.h>

#include <atomic>

#include "runner/cuda/attend.h"
#include "runner/cuda/merge-parts.h"
#include "runner/cuda/warp.cuh"

namespace banyan::cuda {

template <class Shape, KvType kType>
__global__ void __launch_bounds__(Shape::kThreads, Shape::kMinBlocks)
    paged_attention(const __grid_constant__ AttentionOp op) {
    extern __shared__ __align__(16) char memory[];
    Warp warp;
    attend<Shape, kType>(warp, memory, op, static_cast<int>(blockIdx.x), static_cast<int>(gridDim.x));
}

constexpr int kMergeWarps = 8;

/** Grid: (plan tokens, heads), or kMergeWarps heads a block where a warp merges a head alone. */
template <int kDV, bool kAlone>
__global__ void __launch_bounds__(kMergeWarps * kLanes) merge_attention(const __grid_constant__ AttentionOp op) {
    constexpr int kWarps = kAlone ? 1 : kMergeWarps;
    __shared__ __align__(16) char memory[merge_bytes<kDV, kWarps>()];
    Warp warp;
    const int head = static_cast<int>(blockIdx.y) * (kAlone ? kMergeWarps : 1) + (kAlone ? warp.index : 0);
    if (head < op.n_head) merge_parts<kDV, kWarps>(warp, memory, op, static_cast<int>(blockIdx.x), head);
}

/** Up to here a block a head fills the device once or twice; more tokens keep it busy with a warp a head. */
constexpr int kMergeBlocks = 4096;

template <int kDV>
void launch_merge(const AttentionOp & op, cudaStream_t stream) {
    constexpr int kThreads = kMergeWarps * kLanes;
    if (static_cast<int64_t>(op.n_tokens) * op.n_head <= kMergeBlocks) {
        merge_attention<kDV, false><<<dim3(op.n_tokens, op.n_head), kThreads, 0, stream>>>(op);
    } else {
        const dim3 grid(op.n_tokens, (op.n_head + kMergeWarps - 1) / kMergeWarps);
        merge_attention<kDV, true><<<grid, kThreads, 0, stream>>>(op);
    }
}

template <class Shape, KvType kType>
cudaError_t ask_blocks(int device, int & blocks) {
    int processors = 0;
    int per_processor = 0;
    cudaError_t error = cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device);
    if (error != cudaSuccess) return error;
    const auto kernel = paged_attention<Shape, kType>;
    error = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, Shape::kBytes);
    if (error != cudaSuccess) return error;
    error = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&per_processor, kernel, Shape::kThreads, Shape::kBytes);
    blocks = processors * (per_processor > 0 ? per_processor : 1);
    return error;
}

/** Blocks of the persistent grid: as many as the device runs at once. The driver is asked once a device and kernel, not
 * in every layer of every step. */
template <class Shape, KvType kType>
cudaError_t grid_size(int device, int & blocks) {
    constexpr int kDevices = 64;
    static std::atomic<int> known[kDevices];
    if (device < 0 || device >= kDevices) return ask_blocks<Shape, kType>(device, blocks);
    blocks = known[device].load(std::memory_order_relaxed);
    if (blocks > 0) return cudaSuccess;
    const cudaError_t error = ask_blocks<Shape, kType>(device, blocks);
    if (error == cudaSuccess) known[device].store(blocks, std::memory_order_relaxed);
    return error;
}

template <class Shape, KvType kType>
cudaError_t launch_attention(const AttentionOp & op, int device, cudaStream_t stream) {
    int blocks = 0;
    const cudaError_t error = grid_size<Shape, kType>(device, blocks);
    if (error != cudaSuccess) return error;
    paged_attention<Shape, kType><<<blocks, Shape::kThreads, Shape::kBytes, stream>>>(op);
    launch_merge<Shape::kDV>(op, stream);
    return cudaGetLastError();
}

}  // namespace banyan::cuda
