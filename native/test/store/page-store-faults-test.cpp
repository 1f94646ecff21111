// What disks, crashes and other programs do to the files: every page that is handed out is the page that was stored.
#include <algorithm>
#include <cerrno>
#include <random>
#include <stdexcept>

#include "check.h"
#include "store/outcome-text.h"
#include "store/store-rig.h"

using namespace banyan;
using namespace banyan::test;

namespace {

/** Pages of the list that are still handed out. */
int64_t n_loadable(StoreRig & rig, const std::vector<TestPage> & pages) {
    return std::count_if(pages.begin(), pages.end(),
                         [&](const TestPage & page) { return rig.load(page) == StoreOutcome::done; });
}

/** A disk with three chains of twenty pages. */
std::shared_ptr<FakeFiles> filled_disk(std::vector<TestPage> & pages) {
    const auto files = std::make_shared<FakeFiles>();
    StoreRig rig(small_config(), files);
    for (uint32_t chain = 0; chain < 3; ++chain) {
        for (TestPage & page : chain_of(chain, 20)) pages.push_back(std::move(page));
    }
    for (const TestPage & page : pages) rig.store(page);
    return files;
}

std::string path_ending(FakeFiles & files, const std::string & ending) {
    for (const std::string & path : files.paths()) {
        if (path.size() > ending.size() && path.substr(path.size() - ending.size()) == ending) return path;
    }
    return "";
}

}  // namespace

TEST("10,000 flipped bits: a page whose bytes, record or header was hit is missing, all others come back") {
    std::vector<TestPage> pages;
    const auto files = filled_disk(pages);
    const std::vector<std::string> paths = {path_ending(*files, ".slots"), path_ending(*files, ".index")};
    std::mt19937 random(1);
    int64_t loaded = 0, missed = 0;
    int wrong = 0;
    for (int round = 0; round < 100; ++round) {
        std::vector<std::vector<char>> before;
        for (const std::string & path : paths) before.push_back(files->bytes(path));
        for (int flip = 0; flip < 100; ++flip) {
            std::vector<char> & bytes = files->bytes(paths[random() % 5 == 0]);
            // Of every tenth round the headers too: then the arena is as good as empty.
            const size_t first = round % 10 == 0 ? 0 : 4096;
            char & byte = bytes[first + random() % (bytes.size() - first)];
            byte = static_cast<char>(byte ^ (1 << random() % 8));
        }
        auto copy = files->after_power_cut(static_cast<uint32_t>(round));
        for (const std::string & path : paths) copy->bytes(path) = files->bytes(path);
        StoreRig rig(small_config(), copy);
        const int64_t n = n_loadable(rig, pages);
        loaded += n;
        missed += static_cast<int64_t>(pages.size()) - n;
        wrong += rig.wrong_bytes;
        rig.close();
        for (size_t i = 0; i < paths.size(); ++i) files->bytes(paths[i]) = before[i];
    }
    CHECK_EQ(wrong, 0);
    CHECK(loaded > 0);
    CHECK(missed > 0);
    StoreRig rig(small_config(), files);
    CHECK_EQ(n_loadable(rig, pages), static_cast<int64_t>(pages.size()));
}

TEST("power cuts after 1,000 schedules of writes: what is there is right, what is not is missing") {
    int wrong = 0;
    int64_t kept = 0, lost = 0;
    for (uint32_t seed = 0; seed < 1000; ++seed) {
        const auto files = std::make_shared<FakeFiles>();
        PageStoreConfig config = small_config();
        config.budget_bytes = 250'000;  // slots are used again
        std::mt19937 random(seed);
        std::vector<TestPage> pages;
        std::shared_ptr<FakeFiles> after;
        {
            StoreRig rig(config, files);
            const size_t n_chains = 2 + random() % 6;
            for (uint32_t chain = 0; chain < n_chains; ++chain) {
                files->wall += 5;
                for (TestPage & page : chain_of(seed * 16 + chain, static_cast<int32_t>(1 + random() % 12))) {
                    rig.store(page);
                    if (random() % 16 == 0) rig.advance(6'000'000);  // time for what was written to be synced
                    pages.push_back(std::move(page));
                }
            }
            after = files->after_power_cut(seed);
        }
        StoreRig rig(config, after);
        const int64_t n = n_loadable(rig, pages);
        kept += n;
        lost += static_cast<int64_t>(pages.size()) - n;
        for (const TestPage & page : chain_of(1'000'000, 4)) rig.store(page);
        wrong += rig.wrong_bytes;
        CHECK(after->most_used <= config.budget_bytes);
    }
    CHECK_EQ(wrong, 0);
    CHECK(kept > 0);
    CHECK(lost > 0);
}

TEST("swapped records and swapped slots are no pages") {
    std::vector<TestPage> pages;
    const auto files = filled_disk(pages);
    for (const auto & [ending, bytes] : {std::pair<std::string, int64_t>{".index", 512}, {".slots", 4096}}) {
        const std::string path = path_ending(*files, ending);
        const std::vector<char> before = files->bytes(path);
        std::vector<char> & now = files->bytes(path);
        for (int64_t slot = 0; slot + 1 < 60; slot += 2) {
            std::swap_ranges(now.begin() + 4096 + slot * bytes, now.begin() + 4096 + (slot + 1) * bytes,
                             now.begin() + 4096 + (slot + 1) * bytes);
        }
        {
            StoreRig rig(small_config(), files);
            CHECK_EQ(n_loadable(rig, pages), 0);
            CHECK_EQ(rig.wrong_bytes, 0);
        }
        files->bytes(path) = before;
    }
}

TEST("a shortened file has lost its end, and nothing else") {
    std::vector<TestPage> pages;
    const auto files = filled_disk(pages);
    files->bytes(path_ending(*files, ".slots")).resize(4096 + 30 * 4096 + 100);
    StoreRig rig(small_config(), files);
    const int64_t n = n_loadable(rig, pages);
    CHECK(n == 30);
    CHECK_EQ(rig.wrong_bytes, 0);
    for (const TestPage & page : pages) rig.store(page);
    CHECK_EQ(n_loadable(rig, pages), static_cast<int64_t>(pages.size()));
}

TEST("another model's, another page size's and another version's files are not read") {
    std::vector<TestPage> pages;
    const auto files = filled_disk(pages);
    PageStoreConfig other = small_config(), tokens = small_config(), bytes = small_config();
    other.identity =
        "0123456789abcdef"
        "ffffffffffffffff";  // the same folder
    tokens.page_tokens = 16;
    bytes.slot_bytes = 8192;
    for (const PageStoreConfig & config : {other, tokens, bytes}) {
        auto copy = std::make_shared<FakeFiles>();
        {
            StoreRig rig(small_config(), copy);
            for (const TestPage & page : pages) rig.store(page);
        }
        StoreRig rig(config, copy);
        CHECK_EQ(n_loadable(rig, pages), 0);
    }
}

TEST("any file may be deleted at any time: a miss, and then it is kept again") {
    std::vector<TestPage> pages;
    for (const char * ending : {".slots", ".index", "secret", "lock", ""}) {
        pages.clear();
        const auto files = filled_disk(pages);
        StoreRig rig(small_config(), files);
        rig.wait_known(pages.back().page.key);
        for (const std::string & path : files->paths()) {
            const std::string end = ending;
            if (path.size() >= end.size() && path.substr(path.size() - end.size()) == end) files->remove(path);
        }
        n_loadable(rig, pages);
        if (*ending == '.' || *ending == '\0') rig.wait_known(pages.back().page.key, false);
        for (const TestPage & page : pages) rig.store(page);
        CHECK_EQ(n_loadable(rig, pages), static_cast<int64_t>(pages.size()));
        CHECK_EQ(rig.wrong_bytes, 0);
        CHECK(files->most_used <= small_config().budget_bytes);
    }
}

TEST("a directory that is removed while it is open: that is said once, and it is made again as soon as it can be") {
    const auto files = std::make_shared<FakeFiles>();
    StoreRig rig(small_config(), files);
    const auto pages = chain_of(1, 8);
    for (const TestPage & page : pages) CHECK_EQ(rig.store(page), StoreOutcome::done);
    rig.wait_known(pages.back().page.key);
    std::atomic<bool> closed{true};
    files->before = [&](const char * call, const std::string &) {
        return closed && std::string(call) == "make_dir" ? EACCES : 0;
    };
    for (const std::string & path : files->paths()) files->remove(path);
    rig.wait_known(pages.back().page.key, false);
    CHECK_EQ(rig.load(pages[0]), StoreOutcome::missing);
    CHECK_EQ(rig.store(pages[0]), StoreOutcome::refused);
    rig.advance(130'000'000);
    CHECK_EQ(rig.told(2).size(), 2u);
    CHECK(rig.told(2)[0].find("were removed") != std::string::npos);
    CHECK_EQ(rig.told(2)[1], "nothing is written to the page store: taking a part of /cache: Permission denied");
    CHECK(rig->stats().error.find("Permission denied") != std::string::npos);
    closed = false;
    rig.advance(62'000'000);
    CHECK_EQ(rig->stats().error, "");
    for (const TestPage & page : pages) CHECK_EQ(rig.store(page), StoreOutcome::done);
    for (const TestPage & page : pages) CHECK_EQ(rig.load(page), StoreOutcome::done);
    CHECK_EQ(rig.told(3).back(), "the page store writes again");
    CHECK_EQ(rig.wrong_bytes, 0);
}

TEST("a full disk: what fits is kept, the rest is refused or takes the place of older pages, nothing fails") {
    const auto files = std::make_shared<FakeFiles>();
    files->capacity = 150'000;
    StoreRig rig(small_config(), files);
    const auto pages = chain_of(1, 20), later = chain_of(2, 20);
    for (const TestPage & page : pages) CHECK_EQ(rig.store(page), StoreOutcome::done);
    files->wall += 10;
    for (const TestPage & page : later) CHECK_EQ(rig.store(page), StoreOutcome::done);
    CHECK_EQ(n_loadable(rig, later), 20);
    CHECK(files->most_used <= files->capacity);
    CHECK(rig.told(1)[0].find("has no room for more pages, the least useful give way") != std::string::npos);
    CHECK_EQ(rig.told(1).size(), 1u);
    CHECK(rig->stats().error.find("No space left on device") != std::string::npos);
    files->capacity = 1 << 20;
    rig.advance(61'000'000);
    for (const TestPage & page : chain_of(3, 20)) CHECK_EQ(rig.store(page), StoreOutcome::done);
    CHECK_EQ(rig.told(2)[1], "the page store has room for more pages again");
    CHECK_EQ(rig->stats().error, "");
    CHECK_EQ(n_loadable(rig, later), 20);
}

TEST("three failed writes switch writing off for ten minutes, reading goes on; then it writes again") {
    const auto files = std::make_shared<FakeFiles>();
    StoreRig rig(small_config(), files);
    const auto pages = chain_of(1, 8), later = chain_of(2, 8);
    for (const TestPage & page : pages) rig.store(page);
    std::atomic<bool> read_only{true};
    files->before = [&](const char * call, const std::string &) {
        return read_only && std::string(call) == "write" ? EROFS : 0;
    };
    for (int i = 0; i < 3; ++i) CHECK_EQ(rig.store(later[0]), StoreOutcome::failed);
    CHECK_EQ(rig.store(later[0]), StoreOutcome::closed);  // not taken
    CHECK(rig.told(1)[0].find("writes nothing for ten minutes") != std::string::npos);
    CHECK(rig->stats().writes_off);
    CHECK(rig->stats().error.find("Read-only") != std::string::npos);
    for (const TestPage & page : pages) CHECK_EQ(rig.load(page), StoreOutcome::done);
    read_only = false;
    rig.advance(598'000'000);
    CHECK_EQ(rig.store(later[0]), StoreOutcome::closed);
    rig.advance(3'000'000);
    CHECK(rig->stats().error.find("Read-only") != std::string::npos);  // reads are no news of writes, nor is the time
    CHECK_EQ(rig.store(later[0]), StoreOutcome::done);
    CHECK_EQ(rig->stats().error, "");
    CHECK(rig->stats().errors >= 3);
    CHECK(rig.told(2)[1].find("writes again") != std::string::npos);
}

TEST("a disk that hangs holds no order beyond its deadline, and the store is left alone for a minute") {
    const auto files = std::make_shared<FakeFiles>();
    StoreRig rig(small_config(), files);
    const auto pages = chain_of(1, 8);
    for (const TestPage & page : pages) rig.store(page);
    files->hang(true);
    std::vector<uint64_t> loads;
    for (const TestPage & page : pages) loads.push_back(rig.begin_load(page, rig.now + 100'000));
    const uint64_t patient = rig.begin_load(pages[0], rig.now + 60'000'000);
    files->wait_hanging(2);  // both threads of the store: what begins after the clock moved does not hang for long
    rig.now += 100'001;
    for (const uint64_t id : loads) CHECK_EQ(rig.outcome(id), StoreOutcome::late);
    CHECK(!rig.is_over(patient));
    rig.now += 6'000'000;
    CHECK_EQ(rig.outcome(patient), StoreOutcome::late);
    CHECK(rig.told(1)[0].find("not used for a minute") != std::string::npos);
    CHECK(rig->stats().stuck_threads > 0);
    CHECK_EQ(rig->stats().error, "the disk has not answered for seconds");
    CHECK_EQ(rig.load(pages[0]), StoreOutcome::closed);  // not taken
    files->hang(false);
    rig.advance(62'000'000);
    CHECK(rig.told(2).size() >= 2);
    for (const TestPage & page : pages) CHECK_EQ(rig.load(page), StoreOutcome::done);
    CHECK_EQ(rig->stats().stuck_threads, 0);
    CHECK_EQ(rig->stats().error, "");
    CHECK_EQ(rig.wrong_bytes, 0);
}

TEST("a store whose disk hangs can be closed") {
    const auto files = std::make_shared<FakeFiles>();
    const auto pages = chain_of(1, 8);
    std::vector<uint64_t> ids;
    {
        StoreRig rig(small_config(), files);
        for (const TestPage & page : pages) rig.store(page);
        files->hang(true);
        for (const TestPage & page : pages) ids.push_back(rig.begin_load(page));
        rig.close(20'000);
        for (const uint64_t id : ids) CHECK_EQ(rig.outcome(id), StoreOutcome::closed);
        CHECK_EQ(rig.load(pages[0]), StoreOutcome::closed);
    }
    files->hang(false);
}

TEST("a disk that does not answer when it is opened is left alone, after the patience for it") {
    const auto files = std::make_shared<FakeFiles>();
    PageStoreConfig config = small_config();
    config.open_patience = 1'000;
    files->hang(true);
    std::string why;
    try {
        PageStore::open(config, {}, files);
    } catch (const std::runtime_error & e) {
        why = e.what();
    }
    CHECK_EQ(why, "/cache: the disk does not answer");
    files->hang(false);
    config.open_patience = kNever / 2;
    StoreRig rig(config, files);
    CHECK_EQ(rig.store(chain_of(1, 1)[0]), StoreOutcome::done);
}

TEST("the budget is a part of what is free, as far as the config says so") {
    const auto files = std::make_shared<FakeFiles>();
    files->capacity = 8 << 20;
    PageStoreConfig config = small_config();
    config.budget_bytes = 64 << 20;
    CHECK_EQ(StoreRig(config, files)->stats().budget_bytes, 64 << 20);
    config.free_share = 0.25;
    {
        StoreRig rig(config, files);
        CHECK(rig->stats().budget_bytes <= 2 << 20);
        CHECK(rig->stats().budget_bytes > (2 << 20) - 8192);
        for (const TestPage & page : chain_of(1, 100)) rig.store(page);
    }
    // What the directory has already is no reason to make it smaller.
    CHECK(StoreRig(config, files)->stats().budget_bytes > (2 << 20) - 8192);
}

TEST("no more is written in a day than may be") {
    const auto files = std::make_shared<FakeFiles>();
    PageStoreConfig config = small_config();
    config.daily_write_bytes = 10 * 4096;
    const auto pages = chain_of(1, 20);
    {
        StoreRig rig(config, files);
        for (int i = 0; i < 10; ++i) CHECK_EQ(rig.store(pages[i]), StoreOutcome::done);
        CHECK_EQ(rig.store(pages[10]), StoreOutcome::refused);
        CHECK(rig.told(1)[0].find("tomorrow") != std::string::npos);
    }
    StoreRig rig(config, files);
    rig.wait_known(pages[0].page.key);
    CHECK_EQ(rig.store(pages[10]), StoreOutcome::refused);  // a restart does not forget it
    files->wall += 25 * 3600;
    CHECK_EQ(rig.store(pages[10]), StoreOutcome::done);
}
