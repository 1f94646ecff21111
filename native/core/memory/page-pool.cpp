#include "core/memory/page-pool.h"

#include <cassert>

namespace banyan {

PagePool::PagePool(int32_t n_pages, int32_t page_tokens) : page_tokens_(page_tokens), pages_(n_pages) {
    assert(n_pages >= 1 && page_tokens >= 1);
    free_.reserve(n_pages);
    for (PageId page = n_pages - 1; page >= 0; --page) free_.push_back(page);
}

PageId PagePool::alloc(Holder holder) {
    if (free_.empty()) return kNoPage;
    const PageId page = free_.back();
    free_.pop_back();
    pages_[page] = Page{};
    ref(page, holder);
    return page;
}

void PagePool::ref(PageId page, Holder holder) {
    Page & p = pages_[page];
    count(p, -1);
    ++p.refs[static_cast<size_t>(holder)];
    count(p, +1);
}

void PagePool::unref(PageId page, Holder holder) {
    Page & p = pages_[page];
    assert(p.refs[static_cast<size_t>(holder)] > 0);
    count(p, -1);
    --p.refs[static_cast<size_t>(holder)];
    count(p, +1);
    if (refs(page) == 0) free_.push_back(page);
}

int32_t PagePool::refs(PageId page) const {
    const auto & r = pages_[page].refs;
    return r[0] + r[1] + r[2];
}

/** Adds (or takes away) what a page in this state adds to the kept sizes. */
void PagePool::count(const Page & page, int32_t sign) {
    const auto & [table, pin, tree] = page.refs;
    if (tree > 0) n_cached_ += sign;
    if (pin > 0) n_pinned_ += sign;
    if (tree > 0 && pin == 0 && table == 0) n_reclaimable_ += sign;
}

std::string PagePool::check_integrity() const {
    PagePool recount(n_pages(), page_tokens_);
    std::vector<bool> is_free(pages_.size(), false);
    for (PageId page : free_) {
        if (is_free[page]) return "page " + std::to_string(page) + " is twice in the free list";
        is_free[page] = true;
    }
    for (PageId page = 0; page < n_pages(); ++page) {
        const std::string name = "page " + std::to_string(page);
        if (is_free[page] != (refs(page) == 0)) return name + " is free and referenced, or neither";
        if (filled(page) < 0 || filled(page) > page_tokens_) return name + " has a write mark outside of it";
        recount.count(pages_[page], +1);
    }
    if (recount.n_cached_ != n_cached_) return "pool: cached pages miscounted";
    if (recount.n_pinned_ != n_pinned_) return "pool: pinned pages miscounted";
    if (recount.n_reclaimable_ != n_reclaimable_) return "pool: reclaimable pages miscounted";
    return "";
}

}  // namespace banyan
