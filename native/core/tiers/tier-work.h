// What the scheduler asks of the store: pages to read and to write. Plain records.
#pragma once

#include <cstdint>
#include <vector>

#include "core/memory/cold-page.h"
#include "core/memory/tier.h"
#include "core/types.h"

namespace banyan {

using TierJob = uint64_t;  // names one read or one write until it has ended

/** The page is to be read, and its bytes to be kept until Scheduler::place() says where they go. */
struct PageRead {
    TierJob job = 0;
    PageKey key, parent;
    std::vector<Token> tokens;  // [page_tokens], that it must hold
    Tier tier = Tier::disk;
    Micros deadline = kNever;  // after it no request waits for the page
};

/** The page is to be written: its bytes are to be copied from the pool before the next schedule(). */
struct PageWrite {
    TierJob job = 0;
    PageKey key, parent;
    ColdKind kind = ColdKind::history;
    std::vector<Token> tokens;  // [page_tokens], that it holds
    PageId page = kNoPage;
};

/** How a read ended. */
enum class ReadEnd : uint8_t {
    sound,  // with the page that was asked for
    lost,   // it is not there, or not as it was written
    late    // not within its deadline, or it could not be tried: it may be there
};

struct TierWork {
    std::vector<PageRead> reads;
    std::vector<PageWrite> writes;

    bool empty() const { return reads.empty() && writes.empty(); }
};

/** How the scheduler uses pages that are kept outside the pool. */
struct TierConfig {
    bool on = false;
    // Pages under way at a time, read and written: as many as the disk takes until the engine looks again.
    int32_t most_reading = 8, most_writing = 8;
    // What a read is believed to take before any has ended: first + page for one, `page` for each further one.
    Micros first = 500;
    Micros page = 5'000;
};

}  // namespace banyan
