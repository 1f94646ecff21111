#include "runner/kv/kv-pool.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "ggml-backend.h"
#include "llama-kv-cache.h"
#include "llama-model.h"
#include "llama.h"
#include "runner/arch/architecture.h"
#include "runner/cuda/device-pages.h"
#include "runner/cuda/device-plan.h"
#include "runner/cuda/layer-devices.h"
#include "runner/huge-pages.h"
#include "runner/kv/copy-pages.h"
#include "runner/kv/kv-caches.h"
#include "runner/kv/pager.h"

namespace banyan {

struct KvPool::Impl {
    int32_t page_tokens;
    int32_t n_pages;
    AttentionMode mode;
    bool exact = false;
    const llama_model * model = nullptr;
    int32_t n_threads = 1;
    LayerDevices devices;
    Architecture architecture;
    std::shared_ptr<BlockTables> tables = std::make_shared<BlockTables>();
    std::vector<llama_kv_cache *> caches;        // of the context
    std::vector<std::shared_ptr<Pager>> pagers;  // one per cache
    std::unique_ptr<DevicePages> device_pages;   // nullptr: not all on CUDA devices

    AttentionMode choose_mode() const;
    void attach(llama_memory_t memory);
    PagerConfig pager_config(const llama_kv_cache & cache) const;
};

namespace {

std::string architecture_name(const llama_model * model) {
    char name[64] = "";
    llama_model_meta_val_str(model, "general.architecture", name, sizeof(name));
    return name;
}

Window window_of(const llama_kv_cache & cache) {
    const int32_t size = static_cast<int32_t>(cache.get_n_swa());
    switch (cache.get_swa_type()) {
        case LLAMA_SWA_TYPE_STANDARD:
            return {Window::Kind::sliding, size};
        case LLAMA_SWA_TYPE_CHUNKED:
            return {Window::Kind::chunked, size};
        case LLAMA_SWA_TYPE_SYMMETRIC:
            return {Window::Kind::symmetric, size};
        case LLAMA_SWA_TYPE_NONE:
            break;
    }
    return {};
}

/** Of what a cache holds beyond 2 MiB a layer and side: a short chat stays small. Pages are taken lowest first. */
void ask_for_huge_pages_of(const std::vector<ggml_tensor *> & storages) {
    for (ggml_tensor * storage : storages) {
        const size_t size = ggml_nbytes(storage);
        if (!ggml_backend_buffer_is_host(storage->buffer) || size <= kHugePage) continue;
        ask_for_huge_pages(static_cast<char *>(storage->data) + kHugePage, size - kHugePage);
    }
}

}  // namespace

AttentionMode KvPool::Impl::choose_mode() const {
    if (architecture.path == AttentionPath::refused) throw std::runtime_error(architecture.reason);
    const bool pages = architecture.path == AttentionPath::paged || architecture.path == AttentionPath::head;
    const bool kernel = pages && devices.kernels;
    if (mode == AttentionMode::paged && !kernel) {
        throw std::runtime_error(architecture.reason.empty() ? "a layer's device has no paged attention kernel"
                                                             : architecture.reason);
    }
    if (architecture.path == AttentionPath::stock) return AttentionMode::stock;
    return mode == AttentionMode::dense || !kernel ? AttentionMode::dense : AttentionMode::paged;
}

PagerConfig KvPool::Impl::pager_config(const llama_kv_cache & cache) const {
    const llama_hparams & hparams = model->hparams;
    PagerConfig config;
    config.paged = mode == AttentionMode::paged;
    config.alibi = hparams.use_alibi;
    config.n_cells = static_cast<int32_t>(cache.get_size());
    config.plan.page_tokens = page_tokens;
    config.plan.n_threads = n_threads;
    config.plan.window = window_of(cache);
    config.plan.exact = exact;
    for (const uint32_t layer : cache.get_layer_ids()) {
        const int32_t n_kv = static_cast<int32_t>(hparams.n_head_kv(layer));
        if (n_kv == 0) continue;
        config.plan.n_head_kv = std::max(config.plan.n_head_kv, n_kv);
        config.plan.gqa = std::max(config.plan.gqa, static_cast<int32_t>(hparams.n_head(layer)) / n_kv);
    }
    if (devices.processors > 0) config.plan = device_plan_config(config.plan, devices.processors);
    return config;
}

void KvPool::Impl::attach(llama_memory_t memory) {
    caches = attention_caches(memory);
    pagers.clear();
    for (llama_kv_cache * cache : caches) {
        if (static_cast<int64_t>(cache->get_size()) < static_cast<int64_t>(n_pages) * page_tokens) {
            throw std::runtime_error("a KV cache is smaller than the page pool");
        }
        pagers.push_back(std::make_shared<Pager>(tables, pager_config(*cache)));
        cache->set_pager(pagers.back());
    }
    if (pagers.empty()) throw std::runtime_error("the model has no KV cache that can be paged");
    const std::vector<ggml_tensor *> storages = storages_of(caches);
    ask_for_huge_pages_of(storages);
    device_pages = DevicePages::of(storages, page_tokens);
}

KvPool::KvPool(int32_t n_pages, int32_t page_tokens, int32_t n_slots, AttentionMode mode, bool exact)
    : impl_(new Impl) {
    impl_->page_tokens = page_tokens;
    impl_->n_pages = n_pages;
    impl_->mode = mode;
    impl_->exact = exact;
    impl_->tables->page_tokens = page_tokens;
    impl_->tables->n_pages = n_pages;
    impl_->tables->slots.resize(n_slots);
}

KvPool::~KvPool() = default;

void KvPool::install(llama_context_params & params, const llama_model * model) {
    impl_->model = model;
    impl_->architecture = architecture_of(architecture_name(model));
    impl_->devices = layer_devices(*model, params.type_k, params.type_v);
    impl_->mode = impl_->choose_mode();
    impl_->n_threads = std::max({1, params.n_threads, params.n_threads_batch});
    params.n_ctx = static_cast<uint32_t>(impl_->n_pages * impl_->page_tokens);
    params.n_seq_max = static_cast<uint32_t>(impl_->tables->slots.size());
    params.kv_unified = true;
    params.swa_full = true;
    if (impl_->mode == AttentionMode::stock) return;
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED;
    params.cb_memory = [](llama_memory_t memory, void * pool) { static_cast<Impl *>(pool)->attach(memory); };
    params.cb_memory_user_data = impl_.get();
}

void KvPool::bind(SlotId slot, const PageId * pages, int32_t n_pages, int32_t n_past, bool drafts) {
    impl_->tables->slots[slot].assign(pages, pages + n_pages);
    for (const auto & pager : impl_->pagers) pager->bind(slot, n_past, drafts);
}

void KvPool::reset(SlotId slot) {
    impl_->tables->slots[slot].clear();
    for (const auto & pager : impl_->pagers) pager->bind(slot, 0, false);
}

bool KvPool::copy_pages(const PageCopy * copies, int32_t n_copies) {
    for (int32_t i = 0; i < n_copies; ++i) {
        const PageCopy & copy = copies[i];
        if (impl_->caches.empty() || std::min(copy.src, copy.dst) < 0 || std::max(copy.src, copy.dst) >= impl_->n_pages)
            return false;
        if (copy.n_tokens < 0 || copy.n_tokens > impl_->page_tokens) return false;
    }
    if (impl_->device_pages) return impl_->device_pages->copy(copies, n_copies);
    banyan::copy_pages(impl_->caches, impl_->page_tokens, copies, n_copies);
    return true;
}

bool KvPool::read_page(PageId page, char * bytes) const {
    if (impl_->caches.empty() || page < 0 || page >= impl_->n_pages) return false;
    if (impl_->device_pages) return impl_->device_pages->to_host(page, bytes);
    banyan::read_page(impl_->caches, impl_->page_tokens, page, bytes);
    return true;
}

bool KvPool::write_page(PageId page, const char * bytes) {
    if (impl_->caches.empty() || page < 0 || page >= impl_->n_pages) return false;
    if (impl_->device_pages) return impl_->device_pages->to_device(page, bytes);
    banyan::write_page(impl_->caches, impl_->page_tokens, page, bytes);
    return true;
}

AttentionMode KvPool::mode() const {
    return impl_->mode;
}

int64_t KvPool::page_bytes() const {
    return bytes_per_page(impl_->caches, impl_->page_tokens);
}

}  // namespace banyan
