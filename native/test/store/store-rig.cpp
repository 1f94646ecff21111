#include "store/store-rig.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>

namespace banyan::test {

namespace {

constexpr Micros kSecond = 1'000'000;
constexpr auto kPatience = std::chrono::seconds(120);  // a test that waits for longer is stuck, on any machine

}  // namespace

PageStoreConfig small_config() {
    PageStoreConfig config;
    config.dir = "/cache";
    config.identity = "0123456789abcdef0123456789abcdef";
    config.slot_bytes = 4096;
    config.budget_bytes = 1 << 20;
    return config;
}

std::vector<TestPage> chain_of(uint32_t chain, int32_t n_pages, int64_t slot_bytes, const std::string & identity) {
    std::vector<TestPage> pages;
    PageKey parent = root_key(identity.empty() ? small_config().identity : identity, "");
    for (int32_t i = 0; i < n_pages; ++i) {
        TestPage page;
        for (int32_t t = 0; t < 32; ++t)
            page.tokens.push_back(static_cast<Token>(chain * 1000 + static_cast<uint32_t>(i * 32 + t)));
        page.page.parent = parent;
        parent = page.page.key = page_key(parent, page.tokens.data(), 32);
        uint32_t seed;
        std::memcpy(&seed, parent.bytes.data(), sizeof(seed));
        std::minstd_rand random(seed);
        page.bytes.resize(static_cast<size_t>(slot_bytes));
        for (char & byte : page.bytes) byte = static_cast<char>(random());
        pages.push_back(std::move(page));
    }
    return pages;
}

StoreRig::StoreRig(PageStoreConfig config, std::shared_ptr<store::FileSystem> files, bool own_clock) {
    StoreCallbacks callbacks;
    callbacks.done = [this](const StoreDone & done) {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!done_.emplace(done.id, done.outcome).second) std::abort();  // each order has one end
        changed_.notify_all();
    };
    callbacks.news = [this](ColdNews news) {
        const std::lock_guard<std::mutex> lock(mutex_);
        for (const ColdPage & page : news.added) known_.insert(page.key);
        for (const PageKey & key : news.removed) known_.erase(key);
        changed_.notify_all();
    };
    callbacks.tell = [this](const std::string & sentence) {
        const std::lock_guard<std::mutex> lock(mutex_);
        told_.push_back(sentence);
        changed_.notify_all();
    };
    callbacks.likely = [this](std::vector<std::vector<Token>> paths) {
        const std::lock_guard<std::mutex> lock(mutex_);
        likely_ = std::move(paths);
        changed_.notify_all();
    };
    StoreClock clock;
    if (own_clock) clock = [clock = clock_] { return clock->load(); };
    store_ = PageStore::open(config, std::move(callbacks), std::move(files), std::move(clock));
}

StoreRig::~StoreRig() {
    close();
}

void StoreRig::close(Micros patience) {
    store_->close(patience);
}

uint64_t StoreRig::begin_store(const TestPage & page) {
    const uint64_t id = ++ids_;
    StoreOrder order{id, page.page, page.tokens, [bytes = page.bytes](char * to) {
                         std::memcpy(to, bytes.data(), bytes.size());
                         return true;
                     }};
    if (store_->store(std::move(order))) return id;
    const std::lock_guard<std::mutex> lock(mutex_);
    done_[id] = StoreOutcome::closed;
    return id;
}

uint64_t StoreRig::begin_load(const TestPage & page, Micros deadline) {
    const uint64_t id = ++ids_;
    LoadOrder order{
        id, page.page.key, page.page.parent, page.tokens, deadline, [this, bytes = page.bytes](const char * from) {
            if (std::memcmp(from, bytes.data(), bytes.size()) != 0) ++wrong_bytes;
            return true;
        }};
    if (store_->load(std::move(order))) return id;
    const std::lock_guard<std::mutex> lock(mutex_);
    done_[id] = StoreOutcome::closed;
    return id;
}

StoreOutcome StoreRig::outcome(uint64_t id) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [&] { return done_.count(id) > 0; })) std::abort();
    return done_.at(id);
}

bool StoreRig::is_over(uint64_t id) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return done_.count(id) > 0;
}

StoreOutcome StoreRig::store(const TestPage & page) {
    return outcome(begin_store(page));
}

StoreOutcome StoreRig::load(const TestPage & page, Micros deadline) {
    return outcome(begin_load(page, deadline));
}

void StoreRig::advance(Micros span) {
    const auto wait = [&](auto ready) {
        const auto until = std::chrono::steady_clock::now() + kPatience;
        while (!ready(store_->stats())) {
            if (std::chrono::steady_clock::now() > until) std::abort();
            std::this_thread::sleep_for(std::chrono::microseconds(200));
        }
    };
    for (; span > 0; span -= kSecond) {
        const int64_t before = store_->stats().upkeeps;
        wait([](const StoreStats & stats) { return stats.under_way == 0; });
        now += kSecond;
        wait([&](const StoreStats & stats) { return stats.upkeeps > before; });
    }
}

void StoreRig::wait_known(const PageKey & key, bool known) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (knows(key) != known) {
        if (std::chrono::steady_clock::now() > until) std::abort();
        advance(kSecond);
    }
}

bool StoreRig::knows(const PageKey & key) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return known_.count(key) > 0;
}

std::vector<std::vector<Token>> StoreRig::likely() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [&] { return !likely_.empty(); })) std::abort();
    return likely_;
}

std::vector<std::string> StoreRig::told(size_t least) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [&] { return told_.size() >= least; })) std::abort();
    return told_;
}

}  // namespace banyan::test
