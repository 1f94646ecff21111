// The product of packed weights with a batch, computed by all of ggml's threads. No state: memory is ggml's work
// buffer.
#pragma once

#include "ggml-cpu/traits.h"
#include "runner/matrix/kernels/kernel.h"

namespace banyan {

constexpr int64_t kChunksPerThread = 4;  // a thread that the system interrupts leaves the rest to the others

class MatrixProduct final : public ggml::cpu::tensor_traits {
  public:
    explicit MatrixProduct(const MatrixKernel & kernel) : kernel_(kernel) {}

    /** MUL_MAT, and MUL_MAT_ID of experts, of weights that are packed and rows of f32 in host memory. */
    bool takes(const ggml_tensor * op) const;

    bool work_size(int n_threads, const ggml_tensor * op, size_t & size) override;
    bool compute_forward(ggml_compute_params * params, ggml_tensor * op) override;

  private:
    const MatrixKernel & kernel_;
};

}  // namespace banyan
