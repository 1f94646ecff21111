// Carries pages and saved states between the pool and the page store, as the scheduler asks for it.
//
// Owns: the stores, one of pages and one of states, and the bytes that are under way. Changed by: hand_out, settle,
// drain, close. Thread: the engine thread; root() and stats() any. What the store tells comes on its threads into a
// mailbox. Invariant: nothing waits for the disk, but making it and drain(). A page of the pool is read and written by
// the engine thread alone; a read that hangs holds bytes of its own.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/scheduler/scheduler.h"
#include "store/page-store.h"
#include "tiers/pool-memory.h"

namespace banyan {

class TierIo {
  public:
    /**
     * config: of the pages, [slot_bytes], 0: they have no bytes. state_bytes: of recurrent layers, 0: it has none; with
     * each the page with the tokens behind its last full one is kept. wake: called on any thread when there is
     * something to settle. now: the scheduler's clock, on any thread. files: nullptr: the machine's own. store_clock:
     * of a test, which drives it. Throws std::runtime_error with the reason when nothing can be kept there.
     */
    TierIo(const PageStoreConfig & config, int64_t state_bytes, std::function<void()> wake, StoreClock now,
           std::shared_ptr<store::FileSystem> files = nullptr, StoreClock store_clock = {});

    /** The parent of the first page of everything that this tenant asks. */
    PageKey root(const std::string & tenant) const;
    /** Of both stores. */
    StoreStats stats() const;

    /** After each schedule(): what it wants read and written. */
    void hand_out(Scheduler & scheduler, PoolMemory & memory);
    /** What has ended since, and what the scheduler wants next. */
    void settle(Scheduler & scheduler, PoolMemory & memory);
    /** Sentences of what was switched off or on since the last call. */
    std::vector<std::string> take_told();
    /** Everything that programs may go on from is written, as far as there is time. */
    void drain(Scheduler & scheduler, PoolMemory & memory, Micros patience);
    /** Nothing is read, written or woken any more. */
    void close();

  private:
    using Bytes = std::shared_ptr<std::vector<char>>;
    /** One of the two stores; none where nothing of its kind is kept. */
    struct Part {
        std::unique_ptr<PageStore> store;
        size_t slot_bytes = 0;
        std::vector<Bytes> spare;
    };
    struct Mail {
        struct Done {
            StoreDone what;
            Micros at;
        };
        struct News {
            ColdNews what;
            bool of_states;
        };
        std::vector<Done> done;
        std::deque<News> news;  // in small parts, of which one is taken at a time
        std::vector<std::string> told;
        std::vector<std::vector<Token>> likely;  // after all of the news of the start
        bool empty() const { return done.empty() && news.empty() && told.empty() && likely.empty(); }
    };

    void open(Part & part, const PageStoreConfig & config, std::shared_ptr<store::FileSystem> files, StoreClock clock);
    Part & part_of(bool is_state) { return is_state ? states_ : pages_; }
    const PageStore & any_store() const { return *(pages_.store ? pages_ : states_).store; }

    template <typename Put>
    void post(Put put);
    Mail take_mail();
    void apply(const Mail & mail, Scheduler & scheduler, PoolMemory & memory);
    void read(const PageRead & page, Scheduler & scheduler);
    /** On the store's clock, which a test may have put forward. */
    Micros by_store(Micros deadline) const;
    void write(const PageWrite & page, Scheduler & scheduler, PoolMemory & memory);
    bool fill(const PageWrite & page, const PoolMemory & memory, char * bytes) const;
    bool put(const TierPlace & place, PoolMemory & memory, const char * bytes) const;
    Bytes take_bytes(Part & part);
    void give_back(Part & part, Bytes bytes);

    const std::string identity_;
    const size_t page_bytes_, state_bytes_;
    const std::function<void()> wake_;
    const StoreClock now_, store_clock_;
    struct Order {
        Bytes bytes;
        bool is_state;
    };
    std::unordered_map<uint64_t, Order> under_way_;
    std::vector<std::string> told_;
    std::mutex mutex_;  // of the mailbox
    std::condition_variable mailed_;
    Mail mail_;
    Part pages_, states_;  // behind all that their callbacks use
};

}  // namespace banyan
