// Moves pages of one device's K/V tensors: between each other, to host memory and back. Batched: one kernel for all
// layers, one transfer for many pages, on a stream of its own.
//
// Owns: its stream, a list of the tensors in device memory, a staging buffer (from the first transfer on).
// Changed by: every call. Thread: one. copy() waits for whatever the device still runs; before to_host() and
// to_device() the step that wrote or read the pages has ended, and nothing writes them until wait().
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/steps/batch.h"

namespace banyan::cuda {

/** K or V of one layer: cell c is the cell_bytes (a multiple of 2) at data + c * cell_bytes in device memory. */
struct PageStorage {
    char * data;
    size_t cell_bytes;
};

/** Every call returns nullptr, or what CUDA says is wrong. */
class PageMover {
  public:
    PageMover(int device, const std::vector<PageStorage> & storages, int32_t page_tokens);
    ~PageMover();

    /** Bytes of a page over all tensors: its size in host memory. */
    size_t page_bytes() const;

    /** In order, as if one after the other; done when it returns. */
    const char * copy(const PageCopy * copies, int32_t n_copies);

    /** host: [n_pages][page_bytes()], pinned for the transfer to run behind the caller's back. Valid after wait(). */
    const char * to_host(const PageId * pages, int32_t n_pages, char * host);

    /** The other way; `host` is read until wait(). */
    const char * to_device(const PageId * pages, int32_t n_pages, const char * host);

    const char * wait();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace banyan::cuda
