// Pages that outlive the pool and the process: a directory of fixed slots, one page each, found by key.
//
// Owns: its part of the directory, two I/O threads and one that watches them. Changed by: store, load, close.
// Thread: every call may come from any thread and none waits for the disk (open and close may). Callbacks run on the
// store's threads, never inside a call of the caller's, and must not block; none runs after close() has returned.
// Invariants: each order that was taken gets exactly one Done. A page is handed out only when checksum, key, parent and
// tokens fit what was asked for. The files of the directory are never larger than its budget. A failure of the disk
// costs time, never an answer: what cannot be loaded is a miss, what cannot be stored is left out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/memory/cold-page.h"

namespace banyan {

namespace store {
class FileSystem;
}

struct PageStoreConfig {
    std::string dir;             // made when missing, mode 0700; another user's directory is refused
    std::string identity;        // of everything that the bytes depend on, at least 16 hex digits; '': refused
    std::string label;           // for people who look at the files: which model
    std::string part = "pages";  // pages, or states of recurrent layers: one store each
    int64_t slot_bytes = 0;      // of one page over all layers
    int32_t page_tokens = 32;    // [1, 256]
    int64_t budget_bytes = 0;    // of the whole directory, other models' pages included
    double free_share = 1;       // of what was free there at the start, and what the directory had; 1: no bound
    int64_t daily_write_bytes = 100'000'000'000;
    int64_t likely_pages = 0;          // of all paths that are told at the start; 0: none is
    bool network = false;              // take a network file system too
    Micros open_patience = 3'000'000;  // of the machine's clock: a disk that does not answer until then is not used
};

/** What the clock of the deadlines is, microseconds. Tests have their own. */
using StoreClock = std::function<Micros()>;

struct StoreOrder {
    uint64_t id = 0;  // the caller's; Done names it
    ColdPage page;
    std::vector<Token> tokens;  // of the page, [1, page_tokens]
    /** Fills [slot_bytes] on an I/O thread; the page in the pool may go as soon as Done came. False: leave it out. */
    std::function<bool(char * bytes)> fill;
};

struct LoadOrder {
    uint64_t id = 0;
    PageKey key, parent;
    std::vector<Token> tokens;
    Micros deadline = kNever;  // of the clock: Done comes by then, `late` if it must, and take is not called after it
    /** Gets the checked bytes [slot_bytes], on an I/O thread, before Done. False: the caller could not use them. */
    std::function<bool(const char * bytes)> take;
};

enum class StoreOutcome : uint8_t {
    done,     // stored, or loaded and taken
    known,    // store: it was there already
    missing,  // load: no such page, or its bytes are not the ones that were written
    late,     // the deadline came first
    failed,   // the disk, or fill or take, said no
    refused,  // no room, no budget for writing left, or switched off for a while
    closed,   // the store is closing
};
template <>
struct Words<StoreOutcome> {
    static constexpr auto list = words("done", "known", "missing", "late", "failed", "refused", "closed");
};

struct StoreDone {
    uint64_t id = 0;
    StoreOutcome outcome = StoreOutcome::done;
    int64_t bytes = 0;  // read or written
    Micros waited = 0;  // in the queue
    Micros took = 0;    // of the disk and the checksum: what the cost model learns from
};

struct StoreStats {
    int64_t bytes = 0;       // of all files of the directory
    int64_t used_bytes = 0;  // of the pages that can be loaded; files grow by more than a page
    int64_t budget_bytes = 0;
    int64_t pages = 0;  // that can be loaded, of all processes
    int64_t loads = 0, loaded_bytes = 0, misses = 0, late = 0, corrupt = 0;
    int64_t stores = 0, stored_bytes = 0, evicted = 0, refused = 0;
    int64_t errors = 0;                          // of the disk
    int64_t stuck_threads = 0;                   // in a call that is beyond its deadline
    bool writes_off = false, reads_off = false;  // for a while
    int64_t under_way = 0;                       // orders and upkeep
    int64_t upkeeps = 0;                         // rounds of upkeep that have ended
    std::string error;  // what the disk refuses, in words; '' as soon as it works again, and while all is well

    /** With those of another store in the same directory. */
    void add(const StoreStats & other);

    template <typename See>
    void each_field(See && see) const {
        see("bytes", bytes);
        see("usedBytes", used_bytes);
        see("budgetBytes", budget_bytes);
        see("pages", pages);
        see("loads", loads);
        see("loadedBytes", loaded_bytes);
        see("misses", misses);
        see("late", late);
        see("corrupt", corrupt);
        see("stores", stores);
        see("storedBytes", stored_bytes);
        see("evicted", evicted);
        see("refused", refused);
        see("errors", errors);
        see("stuckThreads", stuck_threads);
        see("writesOff", writes_off);
        see("readsOff", reads_off);
        see("error", error);
    }
};

struct StoreCallbacks {
    std::function<void(const StoreDone &)> done;
    /** The first ones, soon after open, have the pages that were there. */
    std::function<void(ColdNews)> news;
    /** Once, if there are any, after the first news: tokens of paths from their roots on, which requests of no tenant
     * are likely to begin with; the likeliest first. */
    std::function<void(std::vector<std::vector<Token>> paths)> likely;
    /** Writing or reading was switched off for a while, or on again: one sentence. */
    std::function<void(const std::string & sentence)> tell;
};

class PageStore {
  public:
    /**
     * Throws std::runtime_error with the reason when the directory cannot be used; the engine then goes on without.
     * files: nullptr: the machine's own. clock: empty: the steady clock.
     */
    static std::unique_ptr<PageStore> open(const PageStoreConfig & config, StoreCallbacks callbacks,
                                           std::shared_ptr<store::FileSystem> files = nullptr, StoreClock clock = {});
    virtual ~PageStore() = default;

    /** Of a tenant's name, for root_key: HMAC-SHA256 under the directory's secret, so names are never written. */
    virtual std::string tenant_tag(const std::string & tenant) const = 0;

    /** False: not taken (queue full, switched off, closing); there is no Done. The caller tries again, or leaves it
     * out. */
    virtual bool store(StoreOrder order) = 0;
    virtual bool load(LoadOrder order) = 0;

    virtual StoreStats stats() const = 0;

    /** Refuses new orders, finishes what was taken until the time is up; the rest is `closed`. Then nothing is called.
     */
    virtual void close(Micros patience) = 0;
};

}  // namespace banyan
