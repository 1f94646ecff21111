#include "runner/cuda/device-pages.h"

#ifdef BANYAN_CUDA

#include <map>

#include "ggml.h"
#include "runner/cuda/page-mover.h"
#include "runner/cuda/tensor-device.h"

namespace banyan {

struct DevicePages::Impl {
    std::vector<std::unique_ptr<cuda::PageMover>> movers;
};

std::unique_ptr<DevicePages> DevicePages::of(const std::vector<ggml_tensor *> & storages, int32_t page_tokens) {
    std::map<int, std::vector<cuda::PageStorage>> by_device;
    for (ggml_tensor * tensor : storages) {
        const int number = cuda_device_of(*tensor);
        if (number < 0) return nullptr;
        by_device[number].push_back({static_cast<char *>(tensor->data), tensor->nb[1]});
    }
    auto impl = std::make_unique<Impl>();
    for (const auto & [device, list] : by_device) {
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

size_t DevicePages::page_bytes() const {
    size_t bytes = 0;
    for (const auto & mover : impl_->movers) bytes += mover->page_bytes();
    return bytes;
}

bool DevicePages::to_host(PageId page, char * host) {
    for (const auto & mover : impl_->movers) {
        if (mover->to_host(&page, 1, host)) return false;
        host += mover->page_bytes();
    }
    return wait();
}

bool DevicePages::to_device(PageId page, const char * host) {
    for (const auto & mover : impl_->movers) {
        if (mover->to_device(&page, 1, host)) return false;
        host += mover->page_bytes();
    }
    return wait();
}

bool DevicePages::wait() {
    bool ok = true;
    for (const auto & mover : impl_->movers) ok = !mover->wait() && ok;
    return ok;
}

}  // namespace banyan

#else

namespace banyan {

struct DevicePages::Impl {};

std::unique_ptr<DevicePages> DevicePages::of(const std::vector<ggml_tensor *> &, int32_t) {
    return nullptr;
}
bool DevicePages::copy(const PageCopy *, int32_t) {
    return false;
}
size_t DevicePages::page_bytes() const {
    return 0;
}
bool DevicePages::to_host(PageId, char *) {
    return false;
}
bool DevicePages::to_device(PageId, const char *) {
    return false;
}
bool DevicePages::wait() {
    return false;
}

}  // namespace banyan

#endif

namespace banyan {

DevicePages::DevicePages(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DevicePages::~DevicePages() = default;

}  // namespace banyan
