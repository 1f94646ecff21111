// How far a drafting model has read what each page holds.
//
// Owns: a number of cells for each page. Changed by: every method that is not const. Thread: the engine thread.
// Invariant: the draft model's pool has the K and V of that many first cells of the page, for the tokens and the path
// that the page holds now. A page begins to hold something else when a step writes its cells anew, which follow() sees.
// Where a cell depends on the token after its own, the last cell of a full page stays as the first path read it that
// went on from there: a path that parts from it exactly at the page's end finds that one cell of another's.
#pragma once

#include <cstdint>
#include <vector>

#include "core/steps/batch.h"
#include "core/types.h"

namespace banyan {

class PageReads {
  public:
    /** shift: a cell depends on so many tokens after its own, 0 or 1. */
    PageReads(int32_t n_pages, int32_t page_tokens, int32_t shift = 0)
        : page_tokens_(page_tokens), shift_(shift), cells_(static_cast<size_t>(n_pages), 0) {}

    /** The step copies cells, and writes those of its rows: nothing of them has been read. */
    void follow(const Batch & step);
    void forget(PageId page) { cells_[static_cast<size_t>(page)] = 0; }
    /** Tokens of the path that are read, of its first n_tokens. */
    int32_t covered(const PageId * pages, int32_t n_tokens) const;
    /** Tokens [begin, end) of the path are read, and all before them. */
    void read(const PageId * pages, int32_t begin, int32_t end);

  private:
    int32_t page_tokens_, shift_;
    std::vector<int32_t> cells_;
};

}  // namespace banyan
