// A fixed set of KV pages: who holds each of them, and how many of its cells were ever written.
//
// Owns: the counts of every page; never the bytes (those are the runner's).
// Changed by: block tables (holders table and pin) and the radix tree (holder tree).
// Thread: the engine thread.
// Invariant: free + referenced = total. A page's cells [0, filled) are written once and never again while the page
// is shared: only the holder whose tokens end exactly at `filled` may write on.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/types.h"

namespace banyan {

/** What holds a reference: a running sequence, a pin, or a node of the radix tree. */
enum class Holder : uint8_t { table = 0, pin = 1, tree = 2 };

class PagePool {
  public:
    PagePool(int32_t n_pages, int32_t page_tokens);

    int32_t n_pages() const { return static_cast<int32_t>(pages_.size()); }
    int32_t page_tokens() const { return page_tokens_; }
    int32_t n_free() const { return static_cast<int32_t>(free_.size()); }
    int32_t n_cached() const { return n_cached_; }            // held by the tree (and maybe others)
    int32_t n_pinned() const { return n_pinned_; }            // held by a pin (and maybe others)
    int32_t n_reclaimable() const { return n_reclaimable_; }  // held by the tree alone

    /** A free page with one reference and nothing written; kNoPage when none is free. */
    PageId alloc(Holder holder);
    void ref(PageId page, Holder holder);
    /** Gives a reference back; without any left the page is free. */
    void unref(PageId page, Holder holder);

    int32_t refs(PageId page) const;
    int32_t refs(PageId page, Holder holder) const { return pages_[page].refs[static_cast<size_t>(holder)]; }

    /** Cells [0, filled) were written, or are reserved by the one writer of the page. */
    int32_t filled(PageId page) const { return pages_[page].filled; }
    void set_filled(PageId page, int32_t filled) { pages_[page].filled = filled; }

    std::string check_integrity() const;

  private:
    struct Page {
        std::array<int32_t, 3> refs{};  // by Holder
        int32_t filled = 0;
    };
    void count(const Page & page, int32_t sign);

    int32_t page_tokens_;
    std::vector<Page> pages_;
    std::vector<PageId> free_;  // a stack: the page freed last is the warmest, those never written lie below
    int32_t n_cached_ = 0, n_pinned_ = 0, n_reclaimable_ = 0;
};

}  // namespace banyan
