#include "runner/huge-pages.h"

#include <cstdint>
#include <map>

#include "ggml-backend-impl.h"

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace banyan {

namespace {

using Alloc = decltype(ggml_backend_buffer_type_i::alloc_buffer);

/** How each type allocates by itself. Written at the backend's start only, so loaders read it without a lock. */
std::map<ggml_backend_buffer_type_t, Alloc> & own_allocs() {
    static std::map<ggml_backend_buffer_type_t, Alloc> allocs;
    return allocs;
}

ggml_backend_buffer_t alloc_huge(ggml_backend_buffer_type_t type, size_t size) {
    const ggml_backend_buffer_t buffer = own_allocs().at(type)(type, size);
    if (buffer) ask_for_huge_pages(ggml_backend_buffer_get_base(buffer), size);
    return buffer;
}

}  // namespace

void ask_for_huge_pages(void * begin, size_t size) {
#ifdef __linux__
    const auto from = reinterpret_cast<uintptr_t>(begin);
    const uintptr_t first = (from + kHugePage - 1) / kHugePage * kHugePage;
    const uintptr_t last = (from + size) / kHugePage * kHugePage;
    if (first < last) madvise(reinterpret_cast<void *>(first), last - first, MADV_HUGEPAGE);
#else
    (void)begin;
    (void)size;
#endif
}

void ask_for_huge_pages(ggml_backend_buffer_type_t type) {
    if (type->iface.alloc_buffer == alloc_huge) return;
    own_allocs()[type] = type->iface.alloc_buffer;
    type->iface.alloc_buffer = alloc_huge;
}

}  // namespace banyan
