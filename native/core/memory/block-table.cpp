#include "core/memory/block-table.h"

#include <algorithm>
#include <cassert>

namespace banyan {

BlockTable::BlockTable(BlockTable && other) noexcept
    : pool_(other.pool_),
      holder_(other.holder_),
      pages_(std::move(other.pages_)),
      n_tokens_(other.n_tokens_),
      n_written_(other.n_written_),
      copied_from_(other.copied_from_) {
    other.pages_.clear();
    other.n_tokens_ = other.n_written_ = 0;
    other.copied_from_ = kNoPage;
}

void BlockTable::share(const std::vector<PageId> & pages, int32_t n_tokens) {
    assert(pages_.empty() && static_cast<int32_t>(pages.size()) == pages_for(n_tokens, pool_->page_tokens()));
    pages_ = pages;
    for (PageId page : pages_) pool_->ref(page, holder_);
    n_tokens_ = n_written_ = n_tokens;
}

bool BlockTable::tail_needs_copy() const {
    const int32_t in_tail = n_written_ % pool_->page_tokens();
    return in_tail != 0 && pool_->filled(pages_.back()) != in_tail && pool_->refs(pages_.back()) > 1;
}

int32_t BlockTable::pages_needed(int32_t n_tokens) const {
    const int32_t grown = pages_for(n_written_ + n_tokens, pool_->page_tokens());
    return grown - static_cast<int32_t>(pages_.size()) + (tail_needs_copy() ? 1 : 0);
}

void BlockTable::reserve(int32_t n_tokens, std::vector<PageCopy> & copies) {
    assert(n_tokens >= 1 && n_tokens_ == n_written_ && pages_needed(n_tokens) <= pool_->n_free());
    const int32_t size = pool_->page_tokens();
    if (tail_needs_copy()) {
        copied_from_ = pages_.back();
        pages_.back() = pool_->alloc(holder_);
        copies.push_back({copied_from_, pages_.back(), n_written_ % size});
    }
    n_tokens_ += n_tokens;
    mark_filled();
}

/** Pages and write marks for all tokens. */
void BlockTable::mark_filled() {
    const int32_t size = pool_->page_tokens();
    while (static_cast<int32_t>(pages_.size()) < pages_for(n_tokens_, size)) pages_.push_back(pool_->alloc(holder_));
    for (int32_t i = n_written_ / size; i < static_cast<int32_t>(pages_.size()); ++i) {
        pool_->set_filled(pages_[i], std::min(size, n_tokens_ - i * size));
    }
}

int32_t BlockTable::pages_to_extend(int32_t n_tokens) const {
    return pages_for(n_tokens_ + n_tokens, pool_->page_tokens()) - static_cast<int32_t>(pages_.size());
}

void BlockTable::extend(int32_t n_tokens) {
    assert(n_tokens_ > n_written_ && pages_to_extend(n_tokens) <= pool_->n_free());
    n_tokens_ += n_tokens;
    mark_filled();
}

int32_t BlockTable::shorten(int32_t n_tokens) {
    assert(n_tokens >= 0 && n_tokens_ - n_tokens > n_written_);
    n_tokens_ -= n_tokens;
    const int32_t dropped = drop_pages();
    mark_filled();
    return dropped;
}

/** Those beyond the last token. Returns how many. */
int32_t BlockTable::drop_pages() {
    const auto keep = static_cast<size_t>(pages_for(n_tokens_, pool_->page_tokens()));
    const auto dropped = static_cast<int32_t>(pages_.size() - keep);
    while (pages_.size() > keep) {
        pool_->unref(pages_.back(), holder_);
        pages_.pop_back();
    }
    return dropped;
}

int32_t BlockTable::confirm(int32_t n_tokens) {
    assert(n_tokens >= 1 && n_written_ + n_tokens <= n_tokens_);
    const bool less = n_written_ + n_tokens < n_tokens_;
    n_tokens_ = n_written_ + n_tokens;
    const int32_t dropped = drop_pages();
    // No other holder has seen the cells that are given back, so the mark goes back even in a shared page.
    if (less) mark_filled();
    confirm();
    return dropped;
}

void BlockTable::confirm() {
    n_written_ = n_tokens_;
    if (copied_from_ == kNoPage) return;
    pool_->unref(copied_from_, holder_);
    copied_from_ = kNoPage;
}

void BlockTable::revert() {
    if (n_tokens_ == n_written_) return;
    const int32_t size = pool_->page_tokens();
    n_tokens_ = n_written_;
    drop_pages();
    if (copied_from_ != kNoPage) {
        pool_->unref(pages_.back(), holder_);
        pages_.back() = copied_from_;
        copied_from_ = kNoPage;
    } else if (n_written_ % size != 0) {
        // No other holder has seen the reserved cells, so the mark goes back even in a shared page.
        pool_->set_filled(pages_.back(), n_written_ % size);
    }
}

void BlockTable::truncate(int32_t n_tokens) {
    assert(n_tokens_ == n_written_ && n_tokens <= n_written_);
    const int32_t size = pool_->page_tokens();
    n_tokens_ = n_written_ = n_tokens;
    drop_pages();
    if (n_tokens % size != 0 && pool_->refs(pages_.back()) == 1) pool_->set_filled(pages_.back(), n_tokens % size);
}

void BlockTable::clear() {
    revert();
    for (PageId page : pages_) pool_->unref(page, holder_);
    pages_.clear();
    n_tokens_ = n_written_ = 0;
}

std::string BlockTable::check_integrity() const {
    const int32_t size = pool_->page_tokens();
    if (n_written_ > n_tokens_) return "block table: more tokens written than reserved";
    if (pages_.size() != static_cast<size_t>(pages_for(n_tokens_, size))) return "block table: pages do not fit tokens";
    for (size_t i = 0; i < pages_.size(); ++i) {
        const int32_t in_page = std::min(size, n_tokens_ - static_cast<int32_t>(i) * size);
        if (pool_->refs(pages_[i], holder_) == 0) return "block table: page without a reference";
        if (pool_->filled(pages_[i]) < in_page) return "block table: tokens past a page's write mark";
    }
    return "";
}

}  // namespace banyan
