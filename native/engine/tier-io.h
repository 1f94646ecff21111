// Carries pages between the runner's pool and the page store, as the scheduler asks for it.
//
// Owns: the store, and the bytes of pages under way. Changed by: hand_out, settle, drain, close.
// Thread: the engine thread; root() and stats() any. What the store tells comes on its threads into a mailbox.
// Invariant: nothing waits for the disk, but making it and drain(). A page of the pool is read and written by the
// engine thread alone; a read that hangs holds bytes of its own.
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

namespace banyan {

class Runner;

class TierIo {
  public:
    /**
     * wake: called on any thread when there is something to settle. files: nullptr: the machine's own. Throws
     * std::runtime_error with the reason when no page can be kept there.
     */
    TierIo(PageStoreConfig config, std::function<void()> wake, std::shared_ptr<store::FileSystem> files = nullptr);

    /** The parent of the first page of everything that this tenant asks. */
    PageKey root(const std::string & tenant) const;
    StoreStats stats() const { return store_->stats(); }

    /** After each schedule(): what it wants read and written. */
    void hand_out(Scheduler & scheduler, Runner & runner);
    /** What has ended since, and what the scheduler wants next. */
    void settle(Scheduler & scheduler, Runner & runner);
    /** Sentences of what was switched off or on since the last call. */
    std::vector<std::string> take_told();
    /** Everything that programs may go on from is written, as far as there is time. */
    void drain(Scheduler & scheduler, Runner & runner, Micros patience);
    /** Nothing is read, written or woken any more. */
    void close();

  private:
    using Bytes = std::shared_ptr<std::vector<char>>;
    struct Mail {
        struct Done {
            StoreDone what;
            Micros at;
        };
        std::vector<Done> done;
        std::deque<ColdNews> news;  // in small parts, of which one is taken at a time
        std::vector<std::string> told;
        std::vector<std::vector<Token>> likely;  // after all of the news of the start
        bool empty() const { return done.empty() && news.empty() && told.empty() && likely.empty(); }
    };

    template <typename Put>
    void post(Put put);
    Mail take_mail();
    void apply(const Mail & mail, Scheduler & scheduler, Runner & runner);
    void read(const PageRead & page, Scheduler & scheduler);
    void write(const PageWrite & page, Scheduler & scheduler, Runner & runner);
    Bytes take_bytes();
    void give_back(Bytes bytes);

    const PageStoreConfig config_;
    const std::function<void()> wake_;
    std::unordered_map<uint64_t, Bytes> under_way_;  // by order
    std::vector<Bytes> spare_;
    std::vector<std::string> told_;
    std::mutex mutex_;  // of the mailbox
    std::condition_variable mailed_;
    Mail mail_;
    std::unique_ptr<PageStore> store_;  // behind all that its callbacks use
};

}  // namespace banyan
