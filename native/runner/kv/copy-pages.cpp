#include "runner/kv/copy-pages.h"

#include <cstring>

#include "ggml-backend.h"
#include "ggml-cpp.h"
#include "ggml.h"
#include "llama-kv-cache.h"

namespace banyan {

namespace {

/** The cells [first, first + n) of a storage tensor. */
ggml_tensor * cells_view(ggml_context * ctx, ggml_tensor * storage, int64_t first, int64_t n) {
    ggml_tensor * view =
        ggml_view_2d(ctx, storage, storage->ne[0], n, storage->nb[1], static_cast<size_t>(first) * storage->nb[1]);
    view->buffer = storage->buffer;
    return view;
}

void copy_on_device(ggml_tensor * storage, int32_t page_tokens, const PageCopy * copies, int32_t n_copies) {
    const size_t memory = 2 * ggml_tensor_overhead();
    for (int32_t i = 0; i < n_copies; ++i) {
        const PageCopy & copy = copies[i];
        ggml_context_ptr ctx{ggml_init({memory, nullptr, true})};
        ggml_tensor * src = cells_view(ctx.get(), storage, static_cast<int64_t>(copy.src) * page_tokens, copy.n_tokens);
        ggml_tensor * dst = cells_view(ctx.get(), storage, static_cast<int64_t>(copy.dst) * page_tokens, copy.n_tokens);
        ggml_backend_tensor_copy(src, dst);
    }
}

}  // namespace

std::vector<ggml_tensor *> storages_of(const std::vector<llama_kv_cache *> & caches) {
    std::vector<ggml_tensor *> storages;
    for (const llama_kv_cache * cache : caches) {
        for (const uint32_t layer : cache->get_layer_ids()) {
            storages.push_back(cache->get_k_storage(static_cast<int32_t>(layer)));
            ggml_tensor * v = cache->get_v_storage(static_cast<int32_t>(layer));
            if (v) storages.push_back(v);
        }
    }
    return storages;
}

void copy_pages(const std::vector<llama_kv_cache *> & caches, int32_t page_tokens, const PageCopy * copies,
                int32_t n_copies) {
    for (ggml_tensor * storage : storages_of(caches)) {
        if (!ggml_backend_buffer_is_host(storage->buffer)) {
            copy_on_device(storage, page_tokens, copies, n_copies);
            continue;
        }
        char * data = static_cast<char *>(storage->data);
        const size_t page = storage->nb[1] * static_cast<size_t>(page_tokens);
        for (int32_t i = 0; i < n_copies; ++i) {
            const PageCopy & copy = copies[i];
            if (copy.src == copy.dst) continue;
            std::memcpy(data + page * copy.dst, data + page * copy.src, storage->nb[1] * copy.n_tokens);
        }
    }
}

void read_page(const std::vector<llama_kv_cache *> & caches, int32_t page_tokens, PageId page, char * bytes) {
    for (const ggml_tensor * storage : storages_of(caches)) {
        const size_t size = storage->nb[1] * static_cast<size_t>(page_tokens);
        const size_t at = size * static_cast<size_t>(page);
        if (ggml_backend_buffer_is_host(storage->buffer)) {
            std::memcpy(bytes, static_cast<const char *>(storage->data) + at, size);
        } else {
            ggml_backend_tensor_get(storage, bytes, at, size);
        }
        bytes += size;
    }
}

void write_page(const std::vector<llama_kv_cache *> & caches, int32_t page_tokens, PageId page, const char * bytes) {
    for (ggml_tensor * storage : storages_of(caches)) {
        const size_t size = storage->nb[1] * static_cast<size_t>(page_tokens);
        const size_t at = size * static_cast<size_t>(page);
        if (ggml_backend_buffer_is_host(storage->buffer)) {
            std::memcpy(static_cast<char *>(storage->data) + at, bytes, size);
        } else {
            ggml_backend_tensor_set(storage, bytes, at, size);
        }
        bytes += size;
    }
}

int64_t bytes_per_page(const std::vector<llama_kv_cache *> & caches, int32_t page_tokens) {
    int64_t bytes = 0;
    for (const ggml_tensor * storage : storages_of(caches)) {
        bytes += static_cast<int64_t>(storage->nb[1]) * page_tokens;
    }
    return bytes;
}

}  // namespace banyan
