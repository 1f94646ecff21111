#include "runner/matrix/kernels/kernel.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace banyan {

extern const MatrixKernel kMatrix_portable;
#if defined(__x86_64__)
extern const MatrixKernel kMatrix_avx2;
extern const MatrixKernel kMatrix_avxvnni;
extern const MatrixKernel kMatrix_vnni;

namespace {

// All that a kernel's file is compiled for (native/cmake/kernels.cmake).

bool has_avx2() {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}

/** Compilers ask for it by different names. */
bool has_avxvnni() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return has_avx2() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
}

bool has_vnni() {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni");
}

}  // namespace
#endif

const MatrixKernel * find_matrix_kernel(const char * name) {
    const auto is = [name](const char * other) { return std::strcmp(name, other) == 0; };
    if (is("portable")) return &kMatrix_portable;
#if defined(__x86_64__)
    if (is("vnni") && has_vnni()) return &kMatrix_vnni;
    if (is("avxvnni") && has_avxvnni() && kMatrix_avxvnni.multiply) return &kMatrix_avxvnni;
    if (is("avx2") && has_avx2()) return &kMatrix_avx2;
#endif
    return nullptr;
}

const MatrixKernel * matrix_kernel() {
    const char * wanted = std::getenv("BANYAN_MATRIX");
    if (wanted && std::strcmp(wanted, "ggml") == 0) return nullptr;
    if (wanted && *wanted) {
        if (const MatrixKernel * kernel = find_matrix_kernel(wanted)) return kernel;
        std::fprintf(stderr, "banyan: BANYAN_MATRIX=%s does not run here; ggml's kernels are used\n", wanted);
        return nullptr;
    }
    for (const char * name : {"vnni", "avxvnni", "avx2"}) {
        if (const MatrixKernel * kernel = find_matrix_kernel(name)) return kernel;
    }
    return nullptr;
}

}  // namespace banyan
