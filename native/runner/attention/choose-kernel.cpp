#include "runner/attention/kernel.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace banyan {

extern const AttentionKernel kAttention_portable;

namespace {

#if defined(__x86_64__)
bool has_avx2() {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}

bool has_avx512() {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}
#endif

}  // namespace

#if defined(__x86_64__)
extern const AttentionKernel kAttention_avx2;
extern const AttentionKernel kAttention_avx512;
#elif defined(__aarch64__)
extern const AttentionKernel kAttention_neon;
#endif

const AttentionKernel * find_attention_kernel(const char * name) {
    const auto is = [name](const char * other) { return std::strcmp(name, other) == 0; };
    if (is("portable")) return &kAttention_portable;
#if defined(__x86_64__)
    if (is("avx2") && has_avx2()) return &kAttention_avx2;
    if (is("avx512") && has_avx512()) return &kAttention_avx512;
#elif defined(__aarch64__)
    if (is("neon")) return &kAttention_neon;
#endif
    return nullptr;
}

const AttentionKernel & attention_kernel() {
    if (const char * wanted = std::getenv("BANYAN_ATTENTION")) {
        if (const AttentionKernel * kernel = find_attention_kernel(wanted)) return *kernel;
        std::fprintf(stderr, "banyan: BANYAN_ATTENTION=%s does not run here; choosing a kernel\n", wanted);
    }
    for (const char * name : {"avx512", "avx2", "neon"}) {
        if (const AttentionKernel * kernel = find_attention_kernel(name)) return *kernel;
    }
    return kAttention_portable;
}

}  // namespace banyan
