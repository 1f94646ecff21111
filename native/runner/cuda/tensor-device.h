// On which CUDA device a tensor lies.
#pragma once

struct ggml_tensor;

namespace banyan {

/** Number of the tensor's device among the CUDA devices; -1: it lies elsewhere. */
int cuda_device_of(const ggml_tensor & tensor);

}  // namespace banyan
