// Pages that came from a tier before a request asked for them, and whether one did.
//
// Owns: the keys of those that none has asked for yet, up to kMost. Changed by: came, start. Thread: the engine thread.
// Invariant: each page that came ahead counts once as used, and only for a request that found it in the pool.
#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "core/memory/page-key.h"

namespace banyan {

class Prefetched {
  public:
    /** Pages are in the tree by now; ahead: no request waited for them. */
    void came(const std::vector<PageKey> & keys, bool ahead) {
        if (ahead) n_pages_ += keys.size();
        for (const PageKey & key : keys) {
            if (!ahead) {
                unused_.erase(key);
            } else if (unused_.size() < kMost) {
                unused_.insert(key);
            }
        }
    }

    /** A request has these pages, of which the first n_here are in the pool: it computes the others. */
    void start(const std::vector<PageKey> & keys, int32_t n_here) {
        if (unused_.empty()) return;
        for (size_t i = 0; i < keys.size(); ++i) {
            const bool was_ahead = unused_.erase(keys[i]) > 0;
            n_used_ += was_ahead && i < static_cast<size_t>(n_here);
        }
    }

    uint64_t n_pages() const { return n_pages_; }
    uint64_t n_used() const { return n_used_; }

    static constexpr size_t kMost = 1 << 20;

  private:
    std::unordered_set<PageKey, PageKeyHash> unused_;
    uint64_t n_pages_ = 0, n_used_ = 0;
};

}  // namespace banyan
