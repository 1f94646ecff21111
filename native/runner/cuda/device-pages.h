// Page copies of a context whose K/V tensors all lie on CUDA devices: one mover a device (layers split over several).
// The rows of recurrent states are pages of one token here.
//
// Owns: the movers. Thread: the engine thread, between steps.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/steps/batch.h"

struct ggml_tensor;

namespace banyan {

class DevicePages {
  public:
    /** storages: a cell is a row of nb[1] bytes. nullptr: one of them lies elsewhere, or built without CUDA. */
    static std::unique_ptr<DevicePages> of(const std::vector<ggml_tensor *> & storages, int32_t page_tokens);
    ~DevicePages();

    /** In order, in every layer; done when it returns. False: CUDA failed. */
    bool copy(const PageCopy * copies, int32_t n_copies);

    /** Of a page over all devices: its size in host memory. */
    size_t page_bytes() const;
    /** A page to host memory [page_bytes()] and back, in every layer; done when it returns. False: CUDA failed. */
    bool to_host(PageId page, char * host);
    bool to_device(PageId page, const char * host);

  private:
    bool wait();

    struct Impl;
    explicit DevicePages(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace banyan
