// Copies of cells between pages, and between pages and host memory, over all layers of K and V.
#pragma once

#include <vector>

#include "core/steps/batch.h"

class llama_kv_cache;
struct ggml_tensor;

namespace banyan {

/** K and V of every layer; a cell is one row of nb[1] bytes. */
std::vector<ggml_tensor *> storages_of(const std::vector<llama_kv_cache *> & caches);

/** In order, on the device that holds each layer. Pages must be inside the caches. */
void copy_pages(const std::vector<llama_kv_cache *> & caches, int32_t page_tokens, const PageCopy * copies,
                int32_t n_copies);

/** A page of every storage, one after the other, [bytes_per_page]; and back. Pages must be inside the caches. */
void read_page(const std::vector<llama_kv_cache *> & caches, int32_t page_tokens, PageId page, char * bytes);
void write_page(const std::vector<llama_kv_cache *> & caches, int32_t page_tokens, PageId page, const char * bytes);

/** Bytes of K and V that one page takes over all layers of the caches. */
int64_t bytes_per_page(const std::vector<llama_kv_cache *> & caches, int32_t page_tokens);

}  // namespace banyan
