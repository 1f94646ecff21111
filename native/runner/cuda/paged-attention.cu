#include "runner/cuda/paged-attention.h"

#include "runner/cuda/device-plan.h"
#include "runner/cuda/kernel-table.cuh"

namespace banyan::cuda {

namespace {

constexpr int kRoomyProcessor = 160 * 1024;  // bytes of shared memory from which two stages leave several blocks room

int attribute(cudaDeviceAttr name, int device) {
    int value = 0;
    return cudaDeviceGetAttribute(&value, name, device) == cudaSuccess ? value : 0;
}

KernelTable kernels_of(KvType type) {
    switch (type) {
        case KvType::f16:
            return kernels_f16();
        case KvType::bf16:
            return kernels_bf16();
        case KvType::q8_0:
            return kernels_q8_0();
        case KvType::q4_0:
            return kernels_q4_0();
    }
    return {nullptr, 0};
}

/** The first family that fits the device; nullptr: none. */
const KernelEntry * find_kernel(int device, const AttentionShape & shape) {
    const int capability = attribute(cudaDevAttrComputeCapabilityMajor, device) * 10 +
                           attribute(cudaDevAttrComputeCapabilityMinor, device);
    if (capability < 75) return nullptr;
    const int most = attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
    const bool roomy = attribute(cudaDevAttrMaxSharedMemoryPerMultiprocessor, device) >= kRoomyProcessor;
    const KernelTable table = kernels_of(shape.type);
    for (const Family family : {Family::large, Family::compact, Family::small}) {
        if (family == Family::large && !roomy) continue;
        for (int i = 0; i < table.n; ++i) {
            const KernelEntry & e = table.entries[i];
            if (e.family == family && e.dk == shape.dk && e.dv == shape.dv &&
                e.values_in_keys == shape.values_in_keys && e.shared_bytes <= most) {
                return &e;
            }
        }
    }
    return nullptr;
}

int64_t sums_bytes(int64_t n_tokens, int64_t n_head) {
    const int64_t bytes = device_max_parts(n_tokens) * n_head * 2 * static_cast<int64_t>(sizeof(float));
    return (bytes + 15) / 16 * 16;
}

}  // namespace

bool attention_supported(int device, const AttentionShape & shape) {
    return find_kernel(device, shape) != nullptr;
}

size_t scratch_bytes(int64_t n_tokens, int64_t n_head, int64_t dv) {
    const int64_t out = device_max_parts(n_tokens) * n_head * dv * static_cast<int64_t>(sizeof(float));
    return static_cast<size_t>(sums_bytes(n_tokens, n_head) + out);
}

void set_scratch(AttentionOp & op, void * scratch) {
    op.max_parts = static_cast<int32_t>(device_max_parts(op.n_tokens));
    op.part_sums = static_cast<float *>(scratch);
    op.part_out = reinterpret_cast<float *>(static_cast<char *>(scratch) + sums_bytes(op.n_tokens, op.n_head));
}

const char * launch_paged_attention(int device, void * stream, const AttentionShape & shape, const AttentionOp & op) {
    const KernelEntry * kernel = find_kernel(device, shape);
    if (!kernel) return "no paged attention kernel for this shape on this device";
    const cudaError_t error = kernel->launch(op, device, static_cast<cudaStream_t>(stream));
    return error == cudaSuccess ? nullptr : cudaGetErrorString(error);
}

int processor_count(int device) {
    return attribute(cudaDevAttrMultiProcessorCount, device);
}

}  // namespace banyan::cuda
