// What the scheduler asks of the store: pages and saved states to read and to write. Plain records.
#pragma once

#include <cstdint>
#include <vector>

#include "core/memory/cold-page.h"
#include "core/memory/tier.h"
#include "core/types.h"

namespace banyan {

using TierJob = uint64_t;  // names one read or one write until it has ended

/**
 * The page is to be read, and its bytes to be kept until Scheduler::place() says where they go. Or the state of
 * recurrent layers, and the KV of the tokens behind its last full page.
 */
struct PageRead {
    TierJob job = 0;
    PageKey key, parent;
    std::vector<Token> tokens;  // [page_tokens], that it must hold; of a state those behind its last full page, fewer
    Tier tier = Tier::disk;
    Micros deadline = kNever;  // after it no request waits for the page
    bool is_state = false;
};

/** The page is to be written, or the state: its bytes are to be copied before the next schedule(). */
struct PageWrite {
    TierJob job = 0;
    PageKey key, parent;
    ColdKind kind = ColdKind::history;
    std::vector<Token> tokens;  // as in PageRead
    PageId page = kNoPage;      // that holds the tokens; of a state without any: kNoPage
    StateId state = kNoState;   // kNoState: it is a page
    int32_t n_tokens = 0;       // of the path, after which the state was saved
};

/** Where the bytes of a read go. */
struct TierPlace {
    PageId page = kNoPage;     // of a state: where the tokens behind its last full page go; kNoPage: nowhere
    StateId state = kNoState;  // kNoState: it is a page
    int32_t n_tokens = 0;      // of the path, that the state was saved after

    bool is_wanted() const { return page != kNoPage || state != kNoState; }
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
    bool pages = true;  // false: the model has none that have bytes, its states are all that is kept
    // Pages under way at a time, read and written: as many as the disk takes until the engine looks again.
    int32_t most_reading = 8, most_writing = 8;
    // What a read is believed to take before any has ended: first + page for one, `page` for each further one.
    Micros first = 500;
    Micros page = 5'000;
    int32_t state_pages = 1;  // of recurrent layers: reading a state takes as long as so many pages
};

}  // namespace banyan
