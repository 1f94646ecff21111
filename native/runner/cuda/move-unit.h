// What the page mover's kernels do, one thread of a block at a time, and in which launches: the device runs it, and so
// do tests on the CPU (test/cuda/emulated-mover.cpp).
//
// A page in host memory holds its part of each tensor, in their order, each begun at a multiple of 16 bytes:
//
//   offset   0              o1 = up16(t0)      o2 = o1 + up16(t1)        t: cell_bytes * page_tokens of a tensor
//            [ tensor 0 ..  [ tensor 1 ......  [ tensor 2 ..
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/steps/batch.h"
#include "runner/cuda/lane.h"
#include "runner/cuda/page-mover.h"

namespace banyan::cuda {

constexpr int kMovesOfLaunch = 128;  // copies or pages: they travel as kernel parameters
constexpr int kMoveThreads = 256;
constexpr size_t kStagingBytes = size_t{64} << 20;

/** A tensor as the kernels see it. */
struct DeviceStorage {
    char * data;
    size_t cell_bytes;
    size_t offset;  // of its part in a page in host memory
};

struct alignas(16) SixteenBytes {
    uint32_t x[4];
};

/** The thread's share of n bytes, an even number: 16 at a time where both sides allow it, else 2. */
BANYAN_DEVICE void copy_share(char * to, const char * from, size_t n, int thread, int n_threads) {
    const size_t align = reinterpret_cast<size_t>(to) | reinterpret_cast<size_t>(from) | n;
    if (align % 16 == 0) {
        for (size_t i = thread; i < n / 16; i += n_threads) {
            reinterpret_cast<SixteenBytes *>(to)[i] = reinterpret_cast<const SixteenBytes *>(from)[i];
        }
    } else {
        for (size_t i = thread; i < n / 2; i += n_threads) {
            reinterpret_cast<uint16_t *>(to)[i] = reinterpret_cast<const uint16_t *>(from)[i];
        }
    }
}

/** One tensor's part of a copy between two pages. */
BANYAN_DEVICE void copy_page(const DeviceStorage & storage, int page_tokens, const PageCopy & copy, int thread,
                             int n_threads) {
    const size_t page = storage.cell_bytes * page_tokens;
    copy_share(storage.data + copy.dst * page, storage.data + copy.src * page, copy.n_tokens * storage.cell_bytes,
               thread, n_threads);
}

/** One tensor's part of a page to its place in `staged` (out), or back from there. */
BANYAN_DEVICE void stage_page(const DeviceStorage & storage, int page_tokens, PageId id, char * staged, bool out,
                              int thread, int n_threads) {
    const size_t page = storage.cell_bytes * page_tokens;
    char * cells = storage.data + id * page;
    staged += storage.offset;
    copy_share(out ? staged : cells, out ? cells : staged, page, thread, n_threads);
}

/** The tensors with their places in a page, whose size is returned. */
inline size_t lay_out(const std::vector<PageStorage> & storages, int page_tokens, std::vector<DeviceStorage> & list) {
    size_t bytes = 0;
    for (const PageStorage & storage : storages) {
        list.push_back({storage.data, storage.cell_bytes, bytes});
        bytes += (storage.cell_bytes * page_tokens + 15) / 16 * 16;
    }
    return bytes;
}

/** Pages that are staged at once. */
inline int staged_at_once(size_t page_bytes) {
    return static_cast<int>(std::clamp<size_t>(kStagingBytes / std::max<size_t>(page_bytes, 1), 1, kMovesOfLaunch));
}

/** Copies from `first` that one launch may do: none reads or writes what another one writes. */
inline int independent(const PageCopy * copies, int first, int n) {
    for (int i = first; i < n; ++i) {
        if (i - first == kMovesOfLaunch) return i - first;
        for (int j = first; j < i; ++j) {
            if (copies[i].src == copies[j].dst || copies[i].dst == copies[j].dst || copies[i].dst == copies[j].src) {
                return i - first;
            }
        }
    }
    return n - first;
}

}  // namespace banyan::cuda
