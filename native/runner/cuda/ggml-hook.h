// What a descriptor tensor offers to ggml's CUDA backend (native/patches/0009).
#pragma once

struct ggml_cuda_paged_attn;

namespace banyan {

/** The CUDA side of paged attention; constant, stateless. nullptr: built without CUDA. */
const ggml_cuda_paged_attn * cuda_paged_attention();

/** Multiprocessors of a device, to plan for; 0: no such device, or built without CUDA. */
int cuda_processors(int device);

/** True when `device` has a kernel for these heads and this cache (ggml_type of K and V). */
bool cuda_attention_supported(int device, int dk, int dv, int k_type, int v_type, bool values_in_keys);

}  // namespace banyan
