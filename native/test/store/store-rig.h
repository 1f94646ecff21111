// A store as a test uses it: orders that wait for their Done, pages whose bytes follow from their key, a clock by hand.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "store/fake-files.h"
#include "store/page-store.h"

namespace banyan::test {

/** The n-th page of chain number `chain`: key, parent, tokens, and the bytes that a model would have computed. */
struct TestPage {
    ColdPage page;
    std::vector<Token> tokens;
    std::vector<char> bytes;
};

std::vector<TestPage> chain_of(uint32_t chain, int32_t n_pages, int64_t slot_bytes = 4096,
                               const std::string & identity = "");

class StoreRig {
  public:
    explicit StoreRig(PageStoreConfig config, std::shared_ptr<store::FileSystem> files = nullptr,
                      bool own_clock = true);
    ~StoreRig();

    /** What became of it; `closed` also when the store did not take it. */
    StoreOutcome store(const TestPage & page);
    StoreOutcome load(const TestPage & page, Micros deadline = kNever);
    /** As load, but does not wait: outcome() does. */
    uint64_t begin_load(const TestPage & page, Micros deadline = kNever);
    uint64_t begin_store(const TestPage & page);
    StoreOutcome outcome(uint64_t id);
    bool is_over(uint64_t id);
    /**
     * So much time goes by: a second at a time, and the upkeep that each brings is waited for. A clock that jumps while
     * a thread works would look like a thread that hangs.
     */
    void advance(Micros span);
    /** Lets time go by until the store has told of this page, or that it is gone. */
    void wait_known(const PageKey & key, bool known = true);
    /** Waits until it was told so many sentences; returns them. */
    std::vector<std::string> told(size_t least);
    bool knows(const PageKey & key);
    /** Waits until the store has told what is likely to be asked for. */
    std::vector<std::vector<Token>> likely();
    void close(Micros patience = 5'000'000);

    PageStore & operator*() { return *store_; }
    PageStore * operator->() { return store_.get(); }

  private:
    // Of threads that were left behind, too: they may look at it when the rig is gone.
    const std::shared_ptr<std::atomic<Micros>> clock_ = std::make_shared<std::atomic<Micros>>(1'000'000);

  public:
    std::atomic<Micros> & now = *clock_;
    std::atomic<int> wrong_bytes{0};  // loads that gave other bytes than were computed

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<uint64_t, StoreOutcome> done_;
    std::set<PageKey> known_;
    std::vector<std::string> told_;
    std::vector<std::vector<Token>> likely_;
    std::atomic<uint64_t> ids_{0};
    std::unique_ptr<PageStore> store_;
};

/** A config for small pages in /cache of a fake disk. */
PageStoreConfig small_config();

}  // namespace banyan::test
