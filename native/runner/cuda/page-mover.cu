#include "runner/cuda/page-mover.h"

#include <cuda_runtime.h>

#include <algorithm>

#include "runner/cuda/move-unit.h"

namespace banyan::cuda {

namespace {

struct CopyList {
    PageCopy copies[kMovesOfLaunch];
};
struct PageList {
    PageId pages[kMovesOfLaunch];
};

/** Grid: (tensors, copies). */
__global__ void copy_pages(const DeviceStorage * storages, int page_tokens, const __grid_constant__ CopyList list) {
    copy_page(storages[blockIdx.x], page_tokens, list.copies[blockIdx.y], threadIdx.x, blockDim.x);
}

/** Grid: (tensors, pages). Pages to [page][tensor] in staging, or back. */
__global__ void stage_pages(const DeviceStorage * storages, int page_tokens, char * staging, size_t page_bytes,
                            bool out, const __grid_constant__ PageList list) {
    stage_page(storages[blockIdx.x], page_tokens, list.pages[blockIdx.y], staging + blockIdx.y * page_bytes, out,
               threadIdx.x, blockDim.x);
}

}  // namespace

struct PageMover::Impl {
    int device;
    int page_tokens;
    int n_storages;
    size_t page_bytes = 0;
    cudaStream_t stream = nullptr;
    DeviceStorage * storages = nullptr;  // on the device
    char * staging = nullptr;            // on the device, [staging_pages][page_bytes]
    int staging_pages = 0;
    cudaError_t error = cudaSuccess;  // the first one; later calls repeat it

    bool ok(cudaError_t result) {
        if (error == cudaSuccess) error = result;
        return error == cudaSuccess;
    }
    const char * message() const { return error == cudaSuccess ? nullptr : cudaGetErrorString(error); }

    bool ready_to_stage() {
        if (staging) return ok(cudaSetDevice(device));
        staging_pages = staged_at_once(page_bytes);
        return ok(cudaSetDevice(device)) && ok(cudaMalloc(&staging, staging_pages * page_bytes));
    }

    /** One batch of at most staging_pages; the stream's order protects the staging buffer from the next one. */
    bool stage(const PageId * pages, int n, bool out) {
        PageList list;
        std::copy(pages, pages + n, list.pages);
        stage_pages<<<dim3(n_storages, n), kMoveThreads, 0, stream>>>(storages, page_tokens, staging, page_bytes, out,
                                                                      list);
        return ok(cudaGetLastError());
    }
};

PageMover::PageMover(int device, const std::vector<PageStorage> & storages, int32_t page_tokens) : impl_(new Impl) {
    impl_->device = device;
    impl_->page_tokens = page_tokens;
    impl_->n_storages = static_cast<int>(storages.size());
    std::vector<DeviceStorage> list;
    impl_->page_bytes = lay_out(storages, page_tokens, list);
    const size_t bytes = std::max<size_t>(1, list.size() * sizeof(DeviceStorage));
    if (impl_->ok(cudaSetDevice(device)) &&
        impl_->ok(cudaStreamCreateWithFlags(&impl_->stream, cudaStreamNonBlocking)) &&
        impl_->ok(cudaMalloc(&impl_->storages, bytes))) {
        impl_->ok(
            cudaMemcpy(impl_->storages, list.data(), list.size() * sizeof(DeviceStorage), cudaMemcpyHostToDevice));
    }
}

PageMover::~PageMover() {
    cudaSetDevice(impl_->device);
    if (impl_->stream) cudaStreamSynchronize(impl_->stream);
    cudaFree(impl_->staging);
    cudaFree(impl_->storages);
    if (impl_->stream) cudaStreamDestroy(impl_->stream);
}

size_t PageMover::page_bytes() const {
    return impl_->page_bytes;
}

const char * PageMover::copy(const PageCopy * copies, int32_t n_copies) {
    // A step that sampled nothing may still run on its own stream: no caller waited for its logits.
    if (!impl_->ok(cudaSetDevice(impl_->device)) || !impl_->ok(cudaDeviceSynchronize())) return impl_->message();
    for (int first = 0; first < n_copies && impl_->n_storages > 0;) {
        const int n = independent(copies, first, n_copies);
        CopyList list;
        std::copy(copies + first, copies + first + n, list.copies);
        copy_pages<<<dim3(impl_->n_storages, n), kMoveThreads, 0, impl_->stream>>>(impl_->storages, impl_->page_tokens,
                                                                                   list);
        if (!impl_->ok(cudaGetLastError())) return impl_->message();
        first += n;
    }
    return wait();
}

const char * PageMover::to_host(const PageId * pages, int32_t n_pages, char * host) {
    if (!impl_->ready_to_stage()) return impl_->message();
    for (int first = 0; first < n_pages; first += impl_->staging_pages) {
        const int n = std::min(impl_->staging_pages, n_pages - first);
        if (!impl_->stage(pages + first, n, true) ||
            !impl_->ok(cudaMemcpyAsync(host + first * impl_->page_bytes, impl_->staging, n * impl_->page_bytes,
                                       cudaMemcpyDeviceToHost, impl_->stream))) {
            break;
        }
    }
    return impl_->message();
}

const char * PageMover::to_device(const PageId * pages, int32_t n_pages, const char * host) {
    if (!impl_->ready_to_stage()) return impl_->message();
    for (int first = 0; first < n_pages; first += impl_->staging_pages) {
        const int n = std::min(impl_->staging_pages, n_pages - first);
        if (!impl_->ok(cudaMemcpyAsync(impl_->staging, host + first * impl_->page_bytes, n * impl_->page_bytes,
                                       cudaMemcpyHostToDevice, impl_->stream)) ||
            !impl_->stage(pages + first, n, false)) {
            break;
        }
    }
    return impl_->message();
}

const char * PageMover::wait() {
    impl_->ok(cudaStreamSynchronize(impl_->stream));
    return impl_->message();
}

}  // namespace banyan::cuda
