#include "emulated-mover.h"

#include <cstring>
#include <functional>
#include <utility>

#include "runner/cuda/move-unit.h"
#include "runner/cuda/page-mover.h"
#include "runner/cuda/tensor-device.h"

namespace banyan {

int cuda_device_of(const ggml_tensor &) {
    static int asked = 0;
    return asked++ % test::emulated_devices;
}

}  // namespace banyan

namespace banyan::test {

int emulated_devices = 1;
int emulated_launches = 0;

}  // namespace banyan::test

namespace banyan::cuda {

struct PageMover::Impl {
    int page_tokens;
    std::vector<DeviceStorage> storages;
    size_t page_bytes;
    std::vector<SixteenBytes> staging;
    std::vector<std::function<void()>> stream;  // what is to happen, in order

    template <typename Block>
    void launch(int n_pages, Block && block) {
        ++test::emulated_launches;
        for (int y = n_pages - 1; y >= 0; --y) {
            for (size_t x = storages.size(); x-- > 0;) {
                for (int thread = kMoveThreads - 1; thread >= 0; --thread) block(storages[x], y, thread);
            }
        }
    }

    char * staged(int page) { return reinterpret_cast<char *>(staging.data()) + page * page_bytes; }

    void stage(std::vector<PageId> pages, bool out) {
        stream.push_back([this, pages = std::move(pages), out] {
            launch(static_cast<int>(pages.size()), [&](const DeviceStorage & storage, int y, int thread) {
                stage_page(storage, page_tokens, pages[y], staged(y), out, thread, kMoveThreads);
            });
        });
    }
};

PageMover::PageMover(int, const std::vector<PageStorage> & storages, int32_t page_tokens) : impl_(new Impl) {
    impl_->page_tokens = page_tokens;
    impl_->page_bytes = lay_out(storages, page_tokens, impl_->storages);
    impl_->staging.resize(staged_at_once(impl_->page_bytes) * impl_->page_bytes / sizeof(SixteenBytes));
}

PageMover::~PageMover() = default;

size_t PageMover::page_bytes() const {
    return impl_->page_bytes;
}

const char * PageMover::copy(const PageCopy * copies, int32_t n_copies) {
    for (int first = 0; first < n_copies;) {
        const int n = independent(copies, first, n_copies);
        impl_->stream.push_back([this, list = std::vector<PageCopy>(copies + first, copies + first + n)] {
            impl_->launch(static_cast<int>(list.size()), [&](const DeviceStorage & storage, int y, int thread) {
                copy_page(storage, impl_->page_tokens, list[y], thread, kMoveThreads);
            });
        });
        first += n;
    }
    return wait();
}

const char * PageMover::to_host(const PageId * pages, int32_t n_pages, char * host) {
    const int at_once = staged_at_once(impl_->page_bytes);
    for (int first = 0; first < n_pages; first += at_once) {
        const int n = std::min(at_once, n_pages - first);
        impl_->stage({pages + first, pages + first + n}, true);
        impl_->stream.push_back([this, n, to = host + first * impl_->page_bytes] {
            std::memcpy(to, impl_->staged(0), n * impl_->page_bytes);
        });
    }
    return nullptr;
}

const char * PageMover::to_device(const PageId * pages, int32_t n_pages, const char * host) {
    const int at_once = staged_at_once(impl_->page_bytes);
    for (int first = 0; first < n_pages; first += at_once) {
        const int n = std::min(at_once, n_pages - first);
        impl_->stream.push_back([this, n, from = host + first * impl_->page_bytes] {
            std::memcpy(impl_->staged(0), from, n * impl_->page_bytes);
        });
        impl_->stage({pages + first, pages + first + n}, false);
    }
    return nullptr;
}

const char * PageMover::wait() {
    for (const auto & work : std::exchange(impl_->stream, {})) work();
    return nullptr;
}

}  // namespace banyan::cuda
