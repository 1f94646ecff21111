#include "runner/cuda/kernel-table.cuh"

namespace banyan::cuda {

KernelTable kernels_f16() {
    return kernel_table_unquantised<KvType::f16>();
}

}  // namespace banyan::cuda
