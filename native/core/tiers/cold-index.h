// Which pages are kept outside the pool, and where: what the store has told so far.
//
// Owns: an entry a kept page. Changed by: take, add, remove. Thread: the engine thread.
// Invariant: a hint and no promise: a page that is listed may be gone when it is asked for, which is a miss. Keys of
// two tenants are never equal, so a lookup of one never meets an entry of the other.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/memory/cold-page.h"
#include "core/memory/page-key.h"
#include "core/memory/tier.h"

namespace banyan {

class ColdIndex {
  public:
    /** What changed in a tier. */
    void take(const ColdNews & news, Tier tier);
    void add(const PageKey & key, Tier tier);
    void remove(const PageKey & key, Tier tier);

    /** The nearest tier that has the page; nullopt: none. */
    std::optional<Tier> find(const PageKey & key) const;
    bool has(const PageKey & key) const { return tiers_.count(key) > 0; }
    /** How many of the pages from index `from` on, before index `to`, are kept without a gap. */
    int32_t run(const std::vector<PageKey> & keys, int32_t from, int32_t to) const;

    /** Pages that a tier keeps. */
    int64_t size(Tier tier) const { return sizes_[tier]; }

  private:
    std::unordered_map<PageKey, uint8_t, PageKeyHash> tiers_;  // a bit a tier
    PerTier<int64_t> sizes_{};
};

}  // namespace banyan
