// What reading pages from a tier takes, as the reads that ended say.
//
// Owns: two smoothed times. Changed by: observe(). Thread: the engine thread.
// Invariant: integers only. All pages have one size, so a page is the unit, of saved states too. What was measured long
// ago is forgotten: a tier that was slow for a while is tried again.
#pragma once

#include <cstdint>

#include "core/types.h"

namespace banyan {

class TierCost {
  public:
    /** Before anything was measured: the first page of a quiet tier takes first + page, each further one `page`. */
    TierCost(Micros first, Micros page) : believed_first_(first * 1000), believed_page_(page * 1000) { forget(); }

    /** A read that was handed out at `began`, when others were under way (or none), ended now. n_pages: its size. */
    void observe(Micros began, bool alone, Micros now, int64_t n_pages = 1);

    /** n pages, when so many others are asked for already. */
    Micros read(int64_t n_pages, int64_t n_before, Micros now) const;
    /** One more page of many. */
    Micros page() const { return page_ / 1000; }

    static constexpr Micros kForget = 30'000'000;  // without a read

  private:
    void forget() {
        first_ = believed_first_;
        page_ = believed_page_;
    }

    int64_t believed_first_, believed_page_;  // nanoseconds, like the next two
    int64_t first_ = 0, page_ = 0;
    Micros last_ = 0;  // when a read ended last; 0: never
};

}  // namespace banyan
