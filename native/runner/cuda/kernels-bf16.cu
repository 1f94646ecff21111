#include "runner/cuda/kernel-table.cuh"

namespace banyan::cuda {

KernelTable kernels_bf16() {
    return kernel_table_unquantised<KvType::bf16>();
}

}  // namespace banyan::cuda
