// Page copies of a context whose K/V tensors all lie on CUDA devices: one mover a device (layers split over several).
//
// Owns: the movers. Thread: the engine thread, between steps.
#pragma once

#include <memory>
#include <vector>

#include "core/steps/batch.h"

class llama_kv_cache;

namespace banyan {

class DevicePages {
  public:
    /** nullptr: some tensor lies elsewhere, or built without CUDA. */
    static std::unique_ptr<DevicePages> of(const std::vector<llama_kv_cache *> & caches, int32_t page_tokens);
    ~DevicePages();

    /** In order, in every layer; done when it returns. False: CUDA failed. */
    bool copy(const PageCopy * copies, int32_t n_copies);

  private:
    struct Impl;
    explicit DevicePages(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace banyan
