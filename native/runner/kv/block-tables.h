// The core's block tables as the runner mirrors them: for each slot the pages of the sequence that runs in it.
//
// Owns: copies of the page lists. Changed by: KvPool::bind and reset. Read by every pager of the context.
// Thread: the engine thread.
#pragma once

#include <cstdint>
#include <vector>

#include "core/types.h"

namespace banyan {

struct BlockTables {
    int32_t page_tokens = 0;
    int32_t n_pages = 0;
    std::vector<std::vector<PageId>> slots;  // [n_slots][pages of the sequence, in position order]

    /** Pool cell of a position of the slot's sequence; -1: no page covers it. */
    int64_t cell(SlotId slot, int32_t position) const {
        const std::vector<PageId> & pages = slots[slot];
        const size_t index = static_cast<size_t>(position / page_tokens);
        if (index >= pages.size()) return -1;
        return static_cast<int64_t>(pages[index]) * page_tokens + position % page_tokens;
    }
};

}  // namespace banyan
