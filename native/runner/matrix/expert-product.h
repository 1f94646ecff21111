// The product of experts' packed weights with the rows that go to each (MUL_MAT_ID), computed by all of ggml's threads.
// No state: memory is ggml's work buffer.
#pragma once

#include <cstddef>

struct ggml_compute_params;
struct ggml_tensor;

namespace banyan {

struct MatrixKernel;

/** Bytes of the work buffer. */
size_t expert_work_size(int n_threads, const ggml_tensor * op);

/** Called by each thread. */
void multiply_experts(const MatrixKernel & kernel, ggml_compute_params * params, ggml_tensor * op);

}  // namespace banyan
