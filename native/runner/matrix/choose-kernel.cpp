#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "runner/matrix/kernel.h"

namespace banyan {

extern const MatrixKernel kMatrix_portable;
#if defined(__x86_64__)
extern const MatrixKernel kMatrix_vnni;

namespace {

/** All that its file is compiled for (native/cmake/kernels.cmake). */
bool has_vnni() {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c") &&
           __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni");
}

}  // namespace
#endif

const MatrixKernel * find_matrix_kernel(const char * name) {
    if (std::strcmp(name, "portable") == 0) return &kMatrix_portable;
#if defined(__x86_64__)
    if (std::strcmp(name, "vnni") == 0 && has_vnni()) return &kMatrix_vnni;
#endif
    return nullptr;
}

const MatrixKernel * matrix_kernel() {
    const char * wanted = std::getenv("BANYAN_MATRIX");
    if (!wanted || !*wanted) return find_matrix_kernel("vnni");
    if (std::strcmp(wanted, "ggml") == 0) return nullptr;
    const MatrixKernel * kernel = find_matrix_kernel(wanted);
    if (!kernel) std::fprintf(stderr, "banyan: BANYAN_MATRIX=%s does not run here; ggml's kernels are used\n", wanted);
    return kernel;
}

}  // namespace banyan
