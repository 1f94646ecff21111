// A disk that is full, read-only, hangs, is slow: every request is answered as without it, one sentence says why, and
// pages are kept again once it is well.
#include <cerrno>
#include <cstring>
#include <thread>

#include "cache-cases.h"
#include "check.h"
#include "engine/worker.h"
#include "store/fake-files.h"

using namespace banyan;
using namespace banyan::test;

namespace {

constexpr Micros kSecond = 1'000'000;
constexpr Micros kMinute = 60 * kSecond;

struct Disk {
    const std::shared_ptr<FakeFiles> files = std::make_shared<FakeFiles>();
    const std::shared_ptr<std::atomic<Micros>> ahead = std::make_shared<std::atomic<Micros>>(0);

    EngineOptions options() const {
        EngineOptions options = cached("/cache");
        options.cache.files = files;
        options.cache.clock = [ahead = ahead] { return Worker::now() + *ahead; };
        return options;
    }
};

/** What each agent is answered without a disk, by its number from 1. */
const std::vector<Token> & expected(uint32_t agent) {
    static std::vector<std::vector<Token>> answers = [] {
        TestEngine plain;
        std::vector<std::vector<Token>> all(1);
        for (uint32_t one = 1; one <= 8; ++one) all.push_back(plain.run(agent_step(one, one)).tokens);
        return all;
    }();
    return answers[agent];
}

/** Its answer is checked. */
Outcome ask(TestEngine & engine, uint32_t agent) {
    RequestOptions request = agent_step(agent, agent);
    request.durable = true;
    const Outcome outcome = engine.run(std::move(request));
    CHECK_EQ(outcome.error, "");
    CHECK(outcome.tokens == expected(agent));
    return outcome;
}

constexpr int64_t kPages = 38;  // of an agent's prompt and answer

void wait_stores(TestEngine & engine, int64_t least) {
    while (engine.stats().disk.stores < least) {
    }
}

/** So much time goes by on the disk, a second at a time with the upkeep that it brings: it does not look as if it hung. */
void pass(Disk & disk, TestEngine & engine, Micros span) {
    for (; span > 0; span -= kSecond) {
        while (engine.stats().disk.under_way > 0) {
        }
        const int64_t before = engine.stats().disk.upkeeps;
        *disk.ahead += kSecond;
        while (engine.stats().disk.upkeeps == before) {
        }
    }
}

void empty_pool(TestEngine & engine) {
    engine.ask<int32_t>([&](auto done) { engine.engine->clear_cache(done); });
}

bool has(const std::string & sentence, const char * part) {
    return sentence.find(part) != std::string::npos;
}

/** All but the last page of its prompt comes from disk. On a busy machine pages may be late, but not again and again. */
bool is_read(TestEngine & engine, uint32_t agent) {
    for (int again = 0; again < 3; ++again) {
        empty_pool(engine);
        if (on_disk(ask(engine, agent)) == 592) return true;
    }
    return false;
}

/** Once the disk is well: pages are written, and read again. */
void check_well(TestEngine & engine, uint32_t agent) {
    const int64_t before = engine.stats().disk.stores;
    ask(engine, agent);
    wait_stores(engine, before + kPages);
    CHECK(is_read(engine, agent));
    CHECK_EQ(engine.stats().disk.error, "");
    CHECK_EQ(engine.integrity(), "");
}

}  // namespace

TEST("a disk that gets full: what is there stays in use and makes way, until there is room again") {
    Disk disk;
    TestEngine engine(disk.options());
    disk.files->capacity = disk.files->used() + 200'000;  // of the 600,000 and more that three agents have
    for (uint32_t agent = 1; agent <= 3; ++agent) ask(engine, agent);
    const std::string why = engine.told(1)[0];
    CHECK(has(why, "has no room for more pages, the least useful give way: growing /cache/"));
    CHECK(has(why, "No space left on device"));
    for (uint32_t agent = 4; agent <= 6; ++agent) ask(engine, agent);
    while (engine.stats().disk.evicted == 0) {
    }
    const StoreStats full = engine.stats().disk;
    CHECK(full.pages > 8);
    CHECK(has(full.error, "No space left on device"));
    CHECK(!full.writes_off);
    CHECK(disk.files->most_used <= disk.files->capacity);
    CHECK_EQ(engine.told().size(), 1u);
    disk.files->capacity = INT64_MAX / 2;
    pass(disk, engine, kMinute + kSecond);
    check_well(engine, 7);
    CHECK_EQ(engine.told(2).back(), "the page store has room for more pages again");
    CHECK(engine.stats().disk.pages > full.pages + 30);
}

TEST("a disk that is full before it has a page: nothing is kept, until there is room") {
    Disk disk;
    TestEngine engine(disk.options());
    disk.files->capacity = disk.files->used();
    for (uint32_t agent = 1; agent <= 4; ++agent) ask(engine, agent);
    CHECK(has(engine.told(1)[0], "has no room for any page: growing /cache/"));
    CHECK_EQ(engine.stats().disk.pages, 0);
    disk.files->capacity = INT64_MAX / 2;
    pass(disk, engine, kMinute + kSecond);
    check_well(engine, 5);
    CHECK_EQ(engine.told(2).size(), 2u);
}

TEST("a disk that is full when it is opened costs the cache, not the engine") {
    Disk disk;
    disk.files->capacity = 10'000;
    TestEngine engine(disk.options());
    CHECK_EQ(engine.engine->info().cache_reason, "/cache: the disk is full");
    ask(engine, 1);
    CHECK_EQ(engine.told(1)[0], "no page is kept on disk: /cache: the disk is full");
}

TEST("a disk that turns read-only is not written to for ten minutes, and read meanwhile") {
    Disk disk;
    const auto read_only = std::make_shared<std::atomic<bool>>(false);
    disk.files->before = [read_only](const char * call, const std::string &) {
        return *read_only && (!std::strcmp(call, "write") || !std::strcmp(call, "resize")) ? EROFS : 0;
    };
    TestEngine engine(disk.options());
    ask(engine, 1);
    wait_stores(engine, kPages);
    *read_only = true;
    for (uint32_t agent = 2; agent <= 5; ++agent) ask(engine, agent);
    const std::string why = engine.told(1)[0];
    CHECK(has(why, "writes nothing for ten minutes: "));
    CHECK(has(why, "Read-only file system"));
    CHECK(is_read(engine, 1));
    CHECK_EQ(engine.told().size(), 1u);
    *read_only = false;
    pass(disk, engine, 10 * kMinute + kSecond);
    check_well(engine, 6);
    CHECK_EQ(engine.told(2).back(), "the page store writes again");
}

TEST("a directory that is gone, and back before upkeep looks, is no disk that refuses to be written") {
    Disk disk;
    const auto gone = std::make_shared<std::atomic<int>>(0);  // 1: it is; counts what failed
    disk.files->before = [gone](const char * call, const std::string &) {
        return *gone > 0 && !std::strcmp(call, "write") && ++*gone > 0 ? ENOTDIR : 0;
    };
    TestEngine engine(disk.options());
    ask(engine, 1);
    wait_stores(engine, kPages);
    *gone = 1;
    for (uint32_t agent = 2; *gone < 5; agent = agent % 5 + 2) ask(engine, agent);
    CHECK(engine.told().empty());
    *gone = 0;
    check_well(engine, 7);
}

TEST("a disk that hangs is left alone for a minute, and used again when it answers") {
    Disk disk;
    EngineOptions options = disk.options();
    options.policy.cost.prefill = 1'000'000'000;  // 0.6 s for the prompt: a page is not waited for longer
    options.cache.page_read = 5'000;              // and reading pays
    TestEngine engine(options);
    ask(engine, 1);
    wait_stores(engine, kPages);
    empty_pool(engine);
    disk.files->hang(true);
    CHECK_EQ(on_disk(ask(engine, 1)), 0);
    ask(engine, 2);
    disk.files->wait_hanging(2);  // both threads, at least one of them in a read
    *disk.ahead += 6 * kSecond;
    CHECK_EQ(engine.told(1)[0], "the page store is not used for a minute: the disk has not answered for seconds");
    for (uint32_t agent = 3; agent <= 5; ++agent) ask(engine, agent);
    CHECK_EQ(engine.told().size(), 1u);
    disk.files->hang(false);
    pass(disk, engine, kMinute + kSecond);
    CHECK_EQ(engine.told(3).back(), "the page store writes again");
    CHECK_EQ(engine.told(3)[1], "the page store reads again");
    CHECK_EQ(engine.stats().disk.stuck_threads, 0);
    check_well(engine, 6);
}

TEST("an engine whose disk hangs can be closed") {
    Disk disk;
    TestEngine engine(disk.options());
    ask(engine, 1);
    disk.files->hang(true);
    ask(engine, 2);
    engine.close();
    disk.files->hang(false);
}

TEST("a disk that is slower than computing: three prompts wait for it in vain, the next ones do not") {
    Disk disk;
    const auto slow = std::make_shared<std::atomic<bool>>(false);
    disk.files->before = [slow](const char * call, const std::string & path) {
        // A page of 8 KiB as one of 500 KiB at 5 MB/s.
        const bool page = !std::strcmp(call, "read") && has(path, ".slots");
        if (*slow && page) std::this_thread::sleep_for(std::chrono::milliseconds(100));
        return 0;
    };
    EngineOptions options = disk.options();
    options.cache.page_read = 0;
    options.policy.cost.prefill = 100'000'000;  // 2 ms a page
    TestEngine engine(options);
    ask(engine, 1);
    wait_stores(engine, kPages);
    *slow = true;
    for (int again = 0; again < 4; ++again) {
        empty_pool(engine);
        ask(engine, 1);
    }
    CHECK(engine.stats().scheduler.pages_late > 0);
    // Three loads in a row were late: the disk rests, and no page of the prompt is asked for.
    while (engine.stats().disk.under_way > 0) {
    }
    const StoreStats before = engine.stats().disk;
    empty_pool(engine);
    CHECK_EQ(on_disk(ask(engine, 1)), 0);
    const StoreStats after = engine.stats().disk;
    CHECK_EQ(after.loads + after.late, before.loads + before.late);
    CHECK_EQ(engine.integrity(), "");
}
