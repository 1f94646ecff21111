// How many pages the active programs want, and what one more request would add.
//
// Owns: the expected length of an answer. The programs' own numbers are in the table.
// Changed by: call_ended; count sets one program's number. Thread: the engine thread.
// Invariant: shared pages count once; an idle program counts as likely as it is back soon.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/programs/program-table.h"
#include "core/requests/sequence.h"
#include "core/types.h"

namespace banyan {

class Demand {
  public:
    Demand(int32_t n_pages, int32_t page_tokens, ProgramTable & programs)
        : n_pages_(n_pages), page_tokens_(page_tokens), programs_(programs) {}

    int64_t pages() const { return programs_.demand() + programs_.shared_tokens() / page_tokens_; }
    /** Is it more than this many thousandths of all pages? */
    bool exceeds(int32_t thousandths, int64_t more = 0) const {
        return (pages() + more) * 1000 > static_cast<int64_t>(n_pages_) * thousandths;
    }
    /** Thousandths of all pages. */
    int64_t use() const { return pages() * 1000 / n_pages_; }

    /** Pages that the request adds: to its expected end, without what its program shares with others. */
    int32_t expected(const Sequence & seq) const;
    /** Pages of the program's history that are its own. */
    int32_t history(const Program & p) const {
        return std::max(0, pages_for(p.context, page_tokens_) - p.shared / page_tokens_);
    }
    /** Counts a program with live calls: its history, or what they want if that is more. */
    void count(Program & p) {
        if (p.active) programs_.set_demand(p, std::max(history(p), p.need));
    }

    /** A call ended with an answer of so many tokens. */
    void call_ended(int32_t output_tokens) { smooth(output_length_, output_tokens); }

  private:
    int32_t n_pages_, page_tokens_;
    ProgramTable & programs_;
    int32_t output_length_ = 0;  // smoothed over calls
};

}  // namespace banyan
