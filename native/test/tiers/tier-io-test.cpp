// Pages and saved states between a pool and a disk, with the store's own threads and a scheduler that has no model:
// each row proves that what it reads holds its own past (fake-engine.h), so a page with other bytes would be seen.
#include "tiers/tier-io.h"

#include <chrono>
#include <cstring>
#include <memory>
#include <random>
#include <stdexcept>

#include "core/tier-cases.h"
#include "store/fake-files.h"
#include "store/store-rig.h"

using namespace banyan;
using namespace banyan::test;

namespace {

constexpr Micros kSecond = 1'000'000;
constexpr auto kPatience = std::chrono::seconds(120);  // a test that waits for longer is stuck, on any machine
constexpr int32_t kPageTokens = 4;
constexpr int64_t kPageBytes = kPageTokens * sizeof(uint64_t), kStateBytes = sizeof(uint64_t);

/** The cells of a FakeEngine as bytes. */
class FakeMemory final : public PoolMemory {
  public:
    explicit FakeMemory(FakeEngine & engine) : engine_(engine) {}

    bool read_page(PageId page, char * bytes) const override {
        std::memcpy(bytes, &engine_.cell(page, 0), kPageBytes);
        return true;
    }
    bool write_page(PageId page, const char * bytes) override {
        if (fails) return false;
        std::memcpy(&engine_.cell(page, 0), bytes, kPageBytes);
        return true;
    }
    bool read_state(StateId state, int32_t n_tokens, char * bytes) const override {
        if (engine_.saved(state).n_tokens != n_tokens) return false;
        std::memcpy(bytes, &engine_.saved(state).path, kStateBytes);
        return true;
    }
    bool write_state(StateId state, int32_t n_tokens, const char * bytes) override {
        std::memcpy(&engine_.saved(state).path, bytes, kStateBytes);
        engine_.saved(state).n_tokens = n_tokens;
        return !fails;
    }

    bool fails = false;

  private:
    FakeEngine & engine_;
};

SchedulerConfig config_of(bool recurrent, int32_t n_pages) {
    SchedulerConfig config = tiered(n_pages, kPageTokens);
    if (!recurrent) return config;
    config.n_states = 8;
    config.state_every = 0;
    return config;
}

/** An engine without a model on a fake disk. Its clock stands still unless a step computes or the test says so. */
class Rig {
  public:
    Rig(std::shared_ptr<FakeFiles> files, bool recurrent, int32_t n_pages = 64)
        : engine(config_of(recurrent, n_pages)), memory(engine), files_(std::move(files)) {
        PageStoreConfig config = small_config();
        config.slot_bytes = kPageBytes;
        config.page_tokens = kPageTokens;
        const auto clock = [now = now_] { return now->load(); };
        io = std::make_unique<TierIo>(
            config, recurrent ? kStateBytes : 0, [this] { wake(); }, clock, files_, clock);
    }
    ~Rig() { io->close(); }

    /** What the store told so far is taken in. */
    void settle() {
        io->settle(engine.scheduler, memory);
        for (std::string & sentence : io->take_told()) told.push_back(std::move(sentence));
    }
    /** Until so many pages and states are known of. */
    void wait_known(int64_t n_pages) {
        const auto known = [&] {
            const SchedulerStats stats = engine.scheduler.stats();
            return stats.pages_disk + stats.states_disk;
        };
        while (known() < n_pages) wait_mail();
    }
    /** Until all requests have ended. The disk has the time it takes; one that hangs, or rests, a millisecond: then the
     * clock goes on. */
    void finish(bool hangs = false) {
        while (!engine.scheduler.idle()) {
            const Batch & batch = engine.scheduler.schedule(engine.now);
            io->hand_out(engine.scheduler, memory);
            if (!batch.empty()) {
                engine.commit(batch);
            } else if (!hangs) {
                wait_mail();
            } else if (!has_mail(std::chrono::milliseconds(1))) {
                engine.now = std::max(engine.now + 1, std::min(engine.scheduler.wake_at(), engine.now + kSecond));
            }
            *now_ = engine.now;
            settle();
            CHECK_EQ(engine.scheduler.check_integrity(), "");
        }
    }
    void ask(Request r, int32_t n_output = 1) { CHECK(engine.submit(std::move(r), n_output) == SubmitError::none); }
    /** All that was computed is written, as far as the disk takes it. */
    void drain() { io->drain(engine.scheduler, memory, 60 * kSecond); }

    FakeEngine engine;
    FakeMemory memory;
    std::unique_ptr<TierIo> io;
    std::vector<std::string> told;

  private:
    void wake() {
        const std::lock_guard<std::mutex> lock(mutex_);
        woken_ = true;
        mailed_.notify_all();
    }
    bool has_mail(std::chrono::microseconds patience) {
        std::unique_lock<std::mutex> lock(mutex_);
        return mailed_.wait_for(lock, patience, [&] { return woken_; }) && std::exchange(woken_, false);
    }
    void wait_mail() {
        if (!has_mail(kPatience)) std::abort();
        settle();
    }

    std::shared_ptr<FakeFiles> files_;
    const std::shared_ptr<std::atomic<Micros>> now_ = std::make_shared<std::atomic<Micros>>(1000);
    std::mutex mutex_;
    std::condition_variable mailed_;
    bool woken_ = false;
};

/** What one process left for the next. */
struct Left {
    std::vector<Token> tokens;  // of a request and its answer
    int64_t stored;             // pages and states

    Request goes_on() const {
        std::vector<Token> prompt = tokens;
        prompt.insert(prompt.end(), {20'000, 20'001, 20'002});
        return request(1, std::move(prompt), Class::interactive);
    }
};

Left write_first(const std::shared_ptr<FakeFiles> & files, bool recurrent) {
    Rig rig(files, recurrent);
    rig.ask(durable(1, tokens_of(7, 42)), 4);
    rig.finish();
    rig.drain();
    return {rig.engine.finished.at(1).tokens, rig.io->stats().stores};
}

}  // namespace

TEST("what one process computed the next one reads, byte for byte: pages, and states with what is behind them") {
    for (const bool recurrent : {false, true}) {
        const auto files = std::make_shared<FakeFiles>();
        const Left left = write_first(files, recurrent);
        CHECK_EQ(left.stored, recurrent ? 12 : 11);
        Rig rig(files, recurrent);
        rig.wait_known(left.stored);
        rig.ask(left.goes_on(), 6);
        rig.finish();
        CHECK_EQ(rig.engine.finished.at(1).usage.hits[Tier::disk], recurrent ? 45 : 44);
        CHECK_EQ(rig.io->stats().corrupt, 0);
    }
}

TEST("a disk that fails reads costs hits and no answer") {
    for (const bool recurrent : {false, true}) {
        const auto files = std::make_shared<FakeFiles>();
        const Left left = write_first(files, recurrent);
        Rig rig(files, recurrent);
        rig.wait_known(left.stored);
        files->before = [](const char * call, const std::string & path) {
            return std::strcmp(call, "read") == 0 && path.find(".slots") != std::string::npos ? EIO : 0;
        };
        rig.ask(left.goes_on(), 6);
        rig.finish();
        CHECK_EQ(rig.engine.finished.at(1).usage.hits[Tier::disk], 0);
    }
}

TEST("a disk that fails writes: all is answered, and what could not be written is not waited for") {
    const auto files = std::make_shared<FakeFiles>();
    Rig rig(files, true);
    rig.wait_known(0);
    files->before = [](const char * call, const std::string & path) {
        return std::strcmp(call, "write") == 0 && path.find(".slots") != std::string::npos ? ENOSPC : 0;
    };
    for (RequestId id = 1; id < 6; ++id) rig.ask(durable(id, tokens_of(id, 42)), 4);
    rig.finish();
    rig.drain();
    CHECK_EQ(rig.engine.finished.size(), 5u);
    CHECK(!rig.engine.scheduler.is_storing());
    CHECK(rig.io->stats().errors > 0);
}

TEST("a disk that hangs: the prompt is computed at its deadline, and the engine can be closed") {
    for (const bool recurrent : {false, true}) {
        const auto files = std::make_shared<FakeFiles>();
        const Left left = write_first(files, recurrent);
        {
            Rig rig(files, recurrent);
            rig.wait_known(left.stored);
            files->hang(true);
            rig.ask(left.goes_on(), 6);
            rig.finish(/*hangs=*/true);
            CHECK_EQ(rig.engine.finished.at(1).usage.hits[Tier::disk], 0);
        }
        files->hang(false);
    }
}

TEST("a pool that takes nothing is an error of the engine, not of the disk") {
    const auto files = std::make_shared<FakeFiles>();
    const Left left = write_first(files, false);
    Rig rig(files, false);
    rig.wait_known(left.stored);
    rig.memory.fails = true;
    rig.ask(left.goes_on(), 6);
    bool failed = false;
    try {
        rig.finish();
    } catch (const std::runtime_error & e) {
        failed = std::string(e.what()).find("device") != std::string::npos;
    }
    CHECK(failed);
}

TEST("random requests on a disk that fails now and then, over restarts: each is answered with its own past") {
    for (uint32_t seed = 0; seed < 12; ++seed) {
        std::mt19937 random(seed);
        const bool recurrent = seed % 2 == 1;
        const auto files = std::make_shared<FakeFiles>();
        const auto faulty = std::make_shared<std::atomic<bool>>(false);
        const auto calls = std::make_shared<std::atomic<uint32_t>>(seed);
        files->before = [=](const char *, const std::string & path) {
            const bool pages = path.find(".slots") != std::string::npos || path.find(".index") != std::string::npos;
            return *faulty && pages && ++*calls % 5 == 0 ? EIO : 0;
        };
        for (int process = 0; process < 4; ++process) {
            Rig rig(files, recurrent, 40);
            RequestId id = 0;
            for (int round = 0; round < 12; ++round) {
                *faulty = random() % 3 == 0;
                for (uint32_t n = 1 + random() % 3; n > 0; --n) {
                    std::vector<Token> prompt = tokens_of(random() % 6, 20 + 8 * (random() % 5));
                    Request r = random() % 2 ? durable(++id, std::move(prompt))
                                             : request(++id, std::move(prompt), Class::interactive);
                    rig.ask(std::move(r), 1 + static_cast<int32_t>(random() % 4));
                }
                rig.finish(/*hangs=*/true);
            }
            *faulty = false;
            if (random() % 2) rig.drain();
            CHECK_EQ(rig.engine.finished.size(), id);
        }
    }
}
