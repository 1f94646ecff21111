// Bytes a day: of a directory, for all that use it. What was written within 24 hours is never more than the limit.
#include "store/daily-budget.h"

#include <algorithm>
#include <map>
#include <random>

#include "check.h"
#include "store/outcome-text.h"
#include "store/store-rig.h"

using namespace banyan;
using namespace banyan::test;

namespace {

constexpr int64_t kPage = 4096;
constexpr int64_t kHour = 3600;
constexpr const char * kRecord = "/cache/written";

PageStoreConfig limited(int64_t pages) {
    PageStoreConfig config = small_config();
    config.daily_write_bytes = pages * kPage;
    return config;
}

/** How many of so many new pages were stored. */
int64_t write(StoreRig & rig, uint32_t & chain, int64_t n) {
    int64_t done = 0;
    for (; n > 0; --n) done += rig.store(chain_of(++chain, 1)[0]) == StoreOutcome::done;
    return done;
}

void flip(FakeFiles & files, size_t at) {
    char & byte = files.bytes(kRecord)[at];
    byte = static_cast<char>(byte ^ 4);
}

}  // namespace

TEST("pages whose slots were used again count, after a restart too") {
    const auto files = std::make_shared<FakeFiles>();
    PageStoreConfig config = limited(60);
    config.budget_bytes = 150'000;
    uint32_t chain = 0;
    {
        StoreRig rig(config, files);
        CHECK_EQ(write(rig, chain, 50), 50);
        CHECK(rig->stats().evicted > 20);
    }
    StoreRig rig(config, files);
    CHECK_EQ(write(rig, chain, 20), 10);
    CHECK_EQ(rig.told(1).size(), 1u);
    files->wall += 25 * kHour;
    CHECK_EQ(write(rig, chain, 20), 20);
}

TEST("two engines that share a directory share its day, and so do two models") {
    const auto files = std::make_shared<FakeFiles>();
    PageStoreConfig config = limited(30), other = limited(30);
    other.identity = "fedcba9876543210fedcba9876543210";
    StoreRig one(config, files), two(config, files), three(other, files);
    uint32_t chain = 0;
    CHECK_EQ(write(one, chain, 10) + write(two, chain, 10) + write(three, chain, 20), 30);
    for (StoreRig * rig : {&one, &two, &three}) CHECK_EQ(write(*rig, chain, 1), 0);
}

TEST("what one has set aside goes back to the others when it rests") {
    const auto files = std::make_shared<FakeFiles>();
    constexpr int64_t kPages = 4096;  // of which a thousandth is set aside: four
    PageStoreConfig config = limited(kPages);
    config.budget_bytes = 64 << 20;  // no page waits for room
    StoreRig one(config, files), two(config, files);
    uint32_t chain = 0;
    CHECK_EQ(write(one, chain, 1), 1);
    CHECK_EQ(write(two, chain, kPages), kPages - 4);
    one.advance(6'000'000);
    CHECK_EQ(write(two, chain, 10), 3);
}

TEST("a record with one damaged half is right; with two, nothing is written until tomorrow, and that is said once") {
    uint32_t chain = 0;
    for (const size_t half : {0, 4096}) {
        const auto files = std::make_shared<FakeFiles>();
        {
            StoreRig rig(limited(20), files);
            CHECK_EQ(write(rig, chain, 12), 12);
        }
        flip(*files, half + 100);
        StoreRig rig(limited(20), files);
        CHECK_EQ(write(rig, chain, 20), 8);
    }
    const auto files = std::make_shared<FakeFiles>();
    StoreRig rig(limited(20), files), other(limited(20), files);
    CHECK_EQ(write(rig, chain, 5), 5);
    for (const size_t half : {0, 4096}) flip(*files, half + 100);
    CHECK_EQ(write(rig, chain, 5) + write(other, chain, 5), 0);
    CHECK_EQ(rig.told(1).size(), 1u);
    CHECK(rig.told(1)[0].find("damaged") != std::string::npos);
    files->wall += 25 * kHour;
    CHECK_EQ(write(rig, chain, 20), 20);
    CHECK_EQ(rig.told(1).size(), 1u);
}

TEST("where the record is missing, all that lies in the directory counts as of today") {
    const auto files = std::make_shared<FakeFiles>();
    uint32_t chain = 0;
    {
        StoreRig rig(limited(100), files);
        CHECK_EQ(write(rig, chain, 60), 60);
    }
    files->remove(kRecord);
    StoreRig rig(limited(100), files);
    const int64_t done = write(rig, chain, 100);
    CHECK(done <= 40);
    CHECK(done > 0);
}

TEST("hours that a wrong clock has left in the future count for a day, not until they come") {
    const auto files = std::make_shared<FakeFiles>();
    uint32_t chain = 0;
    files->wall += 10'000 * kHour;
    {
        StoreRig rig(limited(20), files);
        CHECK_EQ(write(rig, chain, 15), 15);
    }
    files->wall -= 10'000 * kHour;
    StoreRig rig(limited(20), files);
    CHECK_EQ(write(rig, chain, 20), 5);
    files->wall += 25 * kHour;
    CHECK_EQ(write(rig, chain, 30), 20);
}

TEST("a record that the disk does not take: nothing is written that is not on it, and the reason is told") {
    const auto files = std::make_shared<FakeFiles>();
    StoreRig rig(limited(20), files);
    uint32_t chain = 0;
    CHECK_EQ(write(rig, chain, 5), 5);
    files->before = [](const char * call, const std::string & path) {
        return path == kRecord && std::string(call) == "sync" ? EIO : 0;
    };
    CHECK_EQ(write(rig, chain, 5), 0);
    CHECK_EQ(rig->stats().stores, 5);
    CHECK(rig.told(1)[0].find("/cache/written: Input/output error") != std::string::npos);
}

// Writes, restarts, power cuts, damaged halves and hours that go by, of up to three engines at a time.
TEST("1,000 sequences: never more than the limit within 24 hours, and never less than there is room for") {
    int64_t over = 0, short_of = 0, written = 0, refused = 0;
    for (uint32_t seed = 0; seed < 1000; ++seed) {
        std::mt19937 random(seed);
        const bool damaged = seed % 2 == 1;  // then less may be written than there is room for
        const int64_t limit = 1 + random() % 20;
        const PageStoreConfig config = limited(limit);
        auto files = std::make_shared<FakeFiles>();
        std::map<int64_t, int64_t> hours;  // pages written
        const auto within = [&](int64_t n_hours) {
            int64_t pages = 0;
            for (const auto & [hour, n] : hours) pages += hour > files->wall / kHour - n_hours ? n : 0;
            return pages;
        };
        std::vector<std::unique_ptr<StoreRig>> rigs;
        const auto open = [&] { rigs.push_back(std::make_unique<StoreRig>(config, files)); };
        open();
        uint32_t chain = 0;
        for (int step = 0; step < 12; ++step) {
            switch (random() % 6) {
                case 0:
                    if (rigs.size() < 3) open();
                    break;
                case 1:
                    rigs.erase(rigs.begin() + static_cast<ptrdiff_t>(random() % rigs.size()));
                    if (rigs.empty()) open();
                    break;
                case 2:
                    files->wall += static_cast<int64_t>(random() % 14) * kHour / 2;
                    break;
                case 3: {
                    const auto after = files->after_power_cut(seed);
                    rigs.clear();
                    files = after;
                    open();
                    break;
                }
                case 4:
                    if (damaged) flip(*files, random() % 2 * 4096 + random() % 424);
                    break;
                default:
                    break;
            }
            StoreRig & rig = *rigs[random() % rigs.size()];
            for (uint32_t n = random() % 6; n > 0; --n) {
                const bool fits = within(25) < limit;
                const bool done = write(rig, chain, 1) == 1;
                hours[files->wall / kHour] += done;
                over += within(24) > limit;
                short_of += !damaged && fits && !done;
                written += done;
                refused += !done;
            }
        }
    }
    CHECK_EQ(over, 0);
    CHECK_EQ(short_of, 0);
    CHECK(written > 10'000);
    CHECK(refused > 1'000);
}
