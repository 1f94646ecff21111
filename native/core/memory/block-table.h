// One sequence's pages, in order, and how many tokens they hold.
//
// Owns: a reference on each of its pages (and, while a copy is outstanding, on the page copied from).
// Changed by: its sequence or pin. A reservation is confirmed (the cells were written) or reverted, never both.
// Thread: the engine thread.
// Invariant: page i holds tokens [i * page_tokens, (i + 1) * page_tokens) of this sequence; the cells of tokens
// [n_written, n_tokens) are reserved for it alone. Cells that another holder can see are never written again.
//
//   tokens   0 . . . . . . . . . . . . . . . n_written . . n_tokens
//   pages   |---- 7 ----|---- 2 ----|---- 9 -----------|-- 4 -...|
//                 shared by reference      ^ extended in place iff n_written ends at the page's write mark or no
//                                            other holder has the page; else copied
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/memory/page-copy.h"
#include "core/memory/page-pool.h"
#include "core/types.h"

namespace banyan {

class BlockTable {
  public:
    explicit BlockTable(PagePool & pool, Holder holder = Holder::table) : pool_(&pool), holder_(holder) {}
    ~BlockTable() { clear(); }
    BlockTable(BlockTable && other) noexcept;
    BlockTable & operator=(BlockTable &&) = delete;

    int32_t n_tokens() const { return n_tokens_; }
    int32_t n_written() const { return n_written_; }
    const std::vector<PageId> & pages() const { return pages_; }

    /**
     * An empty table takes references on pages that hold n_tokens written tokens of its path. A partly filled last page
     * is copied when the table first writes to it.
     */
    void share(const std::vector<PageId> & pages, int32_t n_tokens);

    /** Free pages that reserve(n_tokens) would take, the copy of a shared tail included. */
    int32_t pages_needed(int32_t n_tokens) const;

    /** Takes cells for the next n_tokens >= 1 tokens. Needs pages_needed() free. Appends the copy of a shared tail. */
    void reserve(int32_t n_tokens, std::vector<PageCopy> & copies);
    /** Takes cells for n_tokens more, after reserve(). Needs as many free pages as they fill beyond the last one. */
    void extend(int32_t n_tokens);
    /** Gives the last n_tokens of those back. Returns how many pages that were. */
    int32_t shorten(int32_t n_tokens);
    /** Pages that extend(n_tokens) would take. */
    int32_t pages_to_extend(int32_t n_tokens) const;
    /** The reserved cells were written and the copy was made. */
    void confirm();
    /**
     * The same, but of the reserved cells only the first n_tokens, >= 1, hold what the sequence said: the others are
     * given back, and pages with nothing else too. Returns how many pages.
     */
    int32_t confirm(int32_t n_tokens);
    /** Nothing was written, nothing was copied: back to the state before reserve(). */
    void revert();

    /** Rolls back to the first n_tokens tokens. A shared tail keeps its write mark: other holders may see its cells. */
    void truncate(int32_t n_tokens);
    void clear();

    std::string check_integrity() const;

  private:
    bool tail_needs_copy() const;
    void mark_filled();
    int32_t drop_pages();

    PagePool * pool_;
    Holder holder_;
    std::vector<PageId> pages_;
    int32_t n_tokens_ = 0, n_written_ = 0;
    PageId copied_from_ = kNoPage;  // held until confirm() or revert(): none writes there before the copy ran
};

}  // namespace banyan
