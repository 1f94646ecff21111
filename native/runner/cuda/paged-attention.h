// Paged attention on CUDA devices: what is supported, how much scratch memory an op needs, and the launch.
//
// Owns: nothing; no state at all. Thread: any. Nothing synchronises, so launches can be captured in a CUDA graph: their
// dimensions follow from the device and the op's shapes, the work from the descriptor in device memory.
#pragma once

#include <cstddef>

#include "runner/cuda/attention-args.h"

namespace banyan::cuda {

struct AttentionShape {
    int dk, dv;
    KvType type;
    bool values_in_keys;  // MLA: V is the first dv numbers of K's rows
};

/** False: no kernel for this shape, or the device has too little shared memory for it (or is older than 7.5). */
bool attention_supported(int device, const AttentionShape & shape);

/** Scratch memory of an op: partial sums and outputs. Depends on shapes only. */
size_t scratch_bytes(int64_t n_tokens, int64_t n_head, int64_t dv);

/** Points part_sums, part_out and max_parts into scratch memory of scratch_bytes(), aligned to 16. */
void set_scratch(AttentionOp & op, void * scratch);

/** Enqueues both kernels on `stream` (a cudaStream_t) of the current device. nullptr, or what CUDA says is wrong. */
const char * launch_paged_attention(int device, void * stream, const AttentionShape & shape, const AttentionOp & op);

/** Multiprocessors of the device, for device_plan_config; 0: no such device. */
int processor_count(int device);

}  // namespace banyan::cuda
