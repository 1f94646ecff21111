#include "runner/drafting/page-reads.h"

#include <algorithm>

namespace banyan {

void PageReads::follow(const Batch & step) {
    for (const PageCopy & copy : step.copies) {
        cells_[copy.dst] = std::max(0, std::min(cells_[copy.src], copy.n_tokens - shift_));
    }
    for (const BatchRow & row : step.rows) {
        // The text may go on here as it did not for who read the cell before.
        const bool parts = row.first && row.n_past % page_tokens_ != 0;
        const int32_t begin = row.n_past - (parts ? shift_ : 0);
        for (int32_t i = begin / page_tokens_; i < row.n_pages; ++i) {
            int32_t & cells = cells_[row.pages[i]];
            cells = std::min(cells, std::max(0, begin - i * page_tokens_));
        }
    }
}

int32_t PageReads::covered(const PageId * pages, int32_t n_tokens) const {
    for (int32_t i = 0; i * page_tokens_ < n_tokens; ++i) {
        const int32_t cells = cells_[pages[i]];
        if (cells < page_tokens_) return std::min(n_tokens, i * page_tokens_ + cells);
    }
    return n_tokens;
}

void PageReads::read(const PageId * pages, int32_t begin, int32_t end) {
    for (int32_t i = begin / page_tokens_; i * page_tokens_ < end; ++i) {
        int32_t & cells = cells_[pages[i]];
        cells = std::max(cells, std::min(page_tokens_, end - i * page_tokens_));
    }
}

}  // namespace banyan
