// Memory in pages of 2 MiB instead of 4 KiB, where Linux has such: a step reads all weights and much of the cache, and
// with small pages finding them takes up to a third of that.
//
// Owns: nothing; ggml owns its buffer types and buffers. Thread: the one that starts the backend, or loads a model.
// A huge page is resident whole as soon as a byte of it is written: only for memory that is filled from one end.
#pragma once

#include <cstddef>

typedef struct ggml_backend_buffer_type * ggml_backend_buffer_type_t;

namespace banyan {

constexpr size_t kHugePage = size_t{2} << 20;  // bytes; of x86-64, and of ARM where small pages have 4 KiB

/**
 * Asks the system for huge pages where whole ones fit between begin and begin + size (madvise, MADV_HUGEPAGE). It may
 * have none: pages stay small then, as on other systems than Linux.
 */
void ask_for_huge_pages(void * begin, size_t size);

/** Asks so for every buffer of this type from now on. At the backend's start, before a model is loaded. */
void ask_for_huge_pages(ggml_backend_buffer_type_t type);

}  // namespace banyan
