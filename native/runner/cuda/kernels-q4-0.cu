#include "runner/cuda/kernel-table.cuh"

namespace banyan::cuda {

KernelTable kernels_q4_0() {
    return kernel_table<KvType::q4_0>();
}

}  // namespace banyan::cuda
