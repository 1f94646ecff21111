// The two kernels and their launch. Dimensions depend on the device and on capacities only, never on the plan: a launch
// captured in a CUDA graph stays valid over decode steps.
#pragma once

#include <cuda_runtime.h>

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

/** Grid: (plan tokens, heads / kMergeWarps). */
template <int kUnused = 0>
__global__ void __launch_bounds__(kMergeWarps * kLanes)
    merge_attention(const __grid_constant__ AttentionOp op, int dv) {
    Warp warp;
    const int head = static_cast<int>(blockIdx.y) * kMergeWarps + warp.index;
    if (head < op.n_head) merge_parts(warp, op, dv, static_cast<int>(blockIdx.x), head);
}

/** Blocks of the persistent grid: as many as the device runs at once. */
template <class Shape, KvType kType>
cudaError_t grid_size(int device, int & blocks) {
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

template <class Shape, KvType kType>
cudaError_t launch_attention(const AttentionOp & op, int device, cudaStream_t stream) {
    int blocks = 0;
    const cudaError_t error = grid_size<Shape, kType>(device, blocks);
    if (error != cudaSuccess) return error;
    paged_attention<Shape, kType><<<blocks, Shape::kThreads, Shape::kBytes, stream>>>(op);
    const dim3 merge_grid(op.n_tokens, (op.n_head + kMergeWarps - 1) / kMergeWarps);
    merge_attention<><<<merge_grid, kMergeWarps * kLanes, 0, stream>>>(op, Shape::kDV);
    return cudaGetLastError();
}

}  // namespace banyan::cuda
