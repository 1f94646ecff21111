#include "runner/cuda/kernel-table.cuh"

namespace banyan::cuda {

KernelTable kernels_q8_0() {
    return kernel_table<KvType::q8_0>();
}

}  // namespace banyan::cuda
