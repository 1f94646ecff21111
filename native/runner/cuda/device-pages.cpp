#include "runner/cuda/device-pages.h"

#ifdef BANYAN_CUDA

#include <map>

#include "ggml-backend.h"
#include "ggml.h"
#include "llama-kv-cache.h"
#include "runner/cuda/layer-devices.h"
#include "runner/cuda/page-mover.h"

namespace banyan {

struct DevicePages::Impl {
    std::vector<std::unique_ptr<cuda::PageMover>> movers;
};

std::unique_ptr<DevicePages> DevicePages::of(const std::vector<llama_kv_cache *> & caches, int32_t page_tokens) {
    std::map<int, std::vector<cuda::PageStorage>> storages;  // by device
    const auto add = [&](ggml_tensor * tensor) {
        ggml_backend_dev_t device = ggml_backend_buft_get_device(ggml_backend_buffer_get_type(tensor->buffer));
        const int number = device ? cuda_device_number(device) : -1;
        if (number >= 0) storages[number].push_back({static_cast<char *>(tensor->data), tensor->nb[1]});
        return number >= 0;
    };
    for (const llama_kv_cache * cache : caches) {
        for (const uint32_t layer : cache->get_layer_ids()) {
            ggml_tensor * v = cache->get_v_storage(static_cast<int32_t>(layer));
            if (!add(cache->get_k_storage(static_cast<int32_t>(layer))) || (v && !add(v))) return nullptr;
        }
    }
    auto impl = std::make_unique<Impl>();
    for (const auto & [device, list] : storages) {
        impl->movers.push_back(std::make_unique<cuda::PageMover>(device, list, page_tokens));
    }
    return std::unique_ptr<DevicePages>(new DevicePages(std::move(impl)));
}

bool DevicePages::copy(const PageCopy * copies, int32_t n_copies) {
    for (const auto & mover : impl_->movers) {
        if (mover->copy(copies, n_copies)) return false;
    }
    return true;
}

}  // namespace banyan

#else

namespace banyan {

struct DevicePages::Impl {};

std::unique_ptr<DevicePages> DevicePages::of(const std::vector<llama_kv_cache *> &, int32_t) {
    return nullptr;
}
bool DevicePages::copy(const PageCopy *, int32_t) {
    return false;
}

}  // namespace banyan

#endif

namespace banyan {

DevicePages::DevicePages(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DevicePages::~DevicePages() = default;

}  // namespace banyan
