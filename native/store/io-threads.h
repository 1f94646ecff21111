// The threads of a store: two that read and write, one that watches them.
//
// Owns: the orders that wait and those under way. Changed by: add, close. Thread: add and count from any.
// Invariant: each order added gets one Done. At most one thread writes at a time, so one is left for loads.
// Why a thread that hangs is left behind: a call into a dead network disk cannot be ended. Its order is over, its page
// free, and everything it may still touch is held by shared_ptr.
#pragma once

#include <array>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <vector>

#include "store/disk.h"
#include "store/orders.h"

namespace banyan::store {

/** Of this thread: they are other threads' business. A file too large for a limit gives an error then, and no SIGXFSZ.
 */
void block_signals();

class IoThreads : public std::enable_shared_from_this<IoThreads> {
  public:
    /** polls: the clock is not the machine's, so the watch looks at it all the time. */
    IoThreads(std::unique_ptr<Disk> disk, StoreCallbacks callbacks, StoreClock clock, bool polls);
    void start();

    bool add(std::shared_ptr<Order> order);
    void count(StoreStats & stats);
    void close(Micros patience);
    const Disk & disk() const { return *disk_; }

  private:
    static constexpr size_t kThreads = 2;
    enum class Job : uint8_t { none, order, upkeep, sync };
    struct Worker {
        std::thread thread;
        Job job = Job::none;
        std::shared_ptr<Order> order;
        Micros began = 0;
        bool stuck = false;
    };

    void work(size_t number);
    void watch();
    /** What a free thread does next; Job::none: nothing. Under the mutex. */
    Job pick(std::shared_ptr<Order> & order);
    void carry_out(Job job, const std::shared_ptr<Order> & order, char * buffer, Micros began);
    void carry_out_load(Order & order, char * buffer, Micros began);
    void carry_out_store(Order & order, char * buffer, Micros began, const Wanted & wanted);
    void finish(Order & order, StoreOutcome outcome, Micros began = 0);
    void tell_news();
    void tell_likely();
    /** Orders whose time is up, and threads that hang. */
    void look(Micros now);
    bool is_wanted(const PageKey & key);
    bool is_idle() const;
    Micros next_look(Micros now) const;

    const std::unique_ptr<Disk> disk_;
    const StoreClock clock_;
    const bool polls_;

    std::mutex mutex_;
    std::condition_variable work_, watch_, idle_;
    std::deque<std::shared_ptr<Order>> loads_, stores_;
    std::unordered_multiset<PageKey, PageKeyHash> wanted_;
    std::array<Worker, kThreads> workers_;
    std::thread watcher_;
    bool ready_ = false;  // what lies in the files has been read
    bool writing_ = false, upkeep_due_ = true, sync_due_ = false, closing_ = false, stop_ = false;
    Micros upkeep_at_ = 0;
    int64_t late_ = 0, upkeeps_ = 0;
    int32_t stuck_ = 0;

    std::mutex news_mutex_;  // news in their order
    std::mutex callback_mutex_;
    StoreCallbacks callbacks_;
};

}  // namespace banyan::store
