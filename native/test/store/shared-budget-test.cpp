// One budget for all who write to a directory: each store may use all of it, and what is worth more stays.
#include <algorithm>
#include <memory>
#include <random>

#include "check.h"
#include "store/outcome-text.h"
#include "store/store-rig.h"

using namespace banyan;
using namespace banyan::test;

namespace {

constexpr Micros kSecond = 1'000'000;
constexpr int64_t kStateBytes = 20'000;

PageStoreConfig states_config() {
    PageStoreConfig config = small_config();
    config.part = "states";
    config.slot_bytes = kStateBytes;
    return config;
}

size_t n_loadable(StoreRig & rig, const std::vector<TestPage> & pages) {
    return static_cast<size_t>(std::count_if(
        pages.begin(), pages.end(), [&](const TestPage & page) { return rig.load(page) == StoreOutcome::done; }));
}

/** One's pages with time for the other to give way; how many were stored. */
size_t store_all(StoreRig & to, StoreRig & other, const std::vector<TestPage> & pages) {
    size_t done = 0;
    for (const TestPage & page : pages) {
        for (int tries = 0; tries < 4; ++tries) {
            if (to.store(page) == StoreOutcome::done) {
                ++done;
                break;
            }
            other.advance(kSecond);
            to.advance(kSecond);
        }
    }
    return done;
}

}  // namespace

TEST("a store that writes nothing leaves the whole budget to the other") {
    const auto files = std::make_shared<FakeFiles>();
    StoreRig pages(small_config(), files), states(states_config(), files);
    states.advance(kSecond);
    const auto chain = chain_of(1, 190);  // of 4,608 bytes with its record: five sixths of the budget
    for (const TestPage & page : chain) CHECK_EQ(pages.store(page), StoreOutcome::done);
    pages.advance(2 * kSecond);
    CHECK_EQ(n_loadable(pages, chain), chain.size());
    CHECK(files->most_used <= small_config().budget_bytes);
}

TEST("who comes to a full directory gets room from what was not used for long; what was used, and beginnings, stay") {
    const auto files = std::make_shared<FakeFiles>();
    StoreRig pages(small_config(), files), states(states_config(), files);
    const auto old = chain_of(1, 130), used = chain_of(2, 60);
    for (const TestPage & page : old) pages.store(page);
    for (const TestPage & page : used) pages.store(page);
    for (int32_t i = 3; i < 10; ++i) pages.store(chain_of(static_cast<uint32_t>(i), 3)[0]);  // full
    files->wall += 1000;
    CHECK_EQ(n_loadable(pages, used), used.size());
    const auto saved = chain_of(50, 20, kStateBytes);
    CHECK_EQ(store_all(states, pages, saved), saved.size());
    CHECK_EQ(n_loadable(states, saved), saved.size());
    CHECK_EQ(n_loadable(pages, used), used.size());
    size_t kept = 0;
    while (kept < old.size() && pages.load(old[kept]) == StoreOutcome::done) ++kept;
    CHECK(kept > 0 && kept < old.size());
    CHECK_EQ(n_loadable(pages, {old.begin() + static_cast<ptrdiff_t>(kept), old.end()}), 0u);  // it lost its end
    CHECK(files->most_used <= small_config().budget_bytes);
    CHECK_EQ(pages.wrong_bytes + states.wrong_bytes, 0);
    CHECK_EQ(pages->stats().corrupt, 0);

    // What was moved is found after a restart, too.
    pages.close();
    StoreRig again(small_config(), files);
    again.wait_known(used[0].page.key);
    CHECK_EQ(n_loadable(again, used), used.size());
}

TEST("system prompts stay when another writer has none but history") {
    const auto files = std::make_shared<FakeFiles>();
    StoreRig pages(small_config(), files), states(states_config(), files);
    auto fixed = chain_of(1, 190);
    for (TestPage & page : fixed) {
        page.page.kind = ColdKind::fixed;
        pages.store(page);
    }
    for (uint32_t i = 3; i < 20; ++i) pages.store(chain_of(i, 3)[0]);
    files->wall += 1000;
    const auto saved = chain_of(50, 20, kStateBytes);
    store_all(states, pages, saved);
    CHECK_EQ(n_loadable(pages, fixed), fixed.size());
}

TEST("who uses its pages as the other does replaces its own: nothing is moved to and fro") {
    const auto files = std::make_shared<FakeFiles>();
    StoreRig pages(small_config(), files), states(states_config(), files);
    const auto first = chain_of(1, 150);
    for (const TestPage & page : first) pages.store(page);
    size_t done = 0;
    for (const TestPage & state : chain_of(2, 30, kStateBytes)) {
        done += states.store(state) == StoreOutcome::done;
        pages.advance(kSecond);
        states.advance(kSecond);
    }
    CHECK(done > 5);
    CHECK(states->stats().evicted > 0);
    CHECK_EQ(n_loadable(pages, first), first.size());
}

TEST("damaged and foreign claims cost pages at most") {
    const auto files = std::make_shared<FakeFiles>();
    StoreRig pages(small_config(), files), states(states_config(), files);
    const auto chain = chain_of(1, 230);
    for (const TestPage & page : chain) pages.store(page);
    files->wall += 1000;
    states.store(chain_of(2, 1, kStateBytes)[0]);
    std::vector<char> & claims = files->bytes("/cache/claims");
    CHECK(!claims.empty());
    std::mt19937 random(11);
    for (int i = 0; i < 200; ++i) {
        if (claims.empty()) claims.resize(64);
        claims[random() % claims.size()] ^= static_cast<char>(1 << random() % 8);
        if (i % 20 == 0) pages.advance(kSecond);
        if (i % 50 == 0) states.store(chain_of(100 + static_cast<uint32_t>(i), 1, kStateBytes)[0]);
    }
    CHECK_EQ(pages.wrong_bytes + states.wrong_bytes, 0);
    CHECK(files->most_used <= small_config().budget_bytes);
    CHECK_EQ(pages->stats().errors, 0);
}

TEST("random writers that come, go and use what they have: the budget holds at every instant, no byte is wrong") {
    for (uint32_t seed = 0; seed < 12; ++seed) {
        std::mt19937 random(seed);
        const auto files = std::make_shared<FakeFiles>();
        const PageStoreConfig configs[] = {small_config(), states_config(), small_config()};
        std::unique_ptr<StoreRig> rigs[3];
        int wrong = 0;
        for (int i = 0; i < 80; ++i) {
            const size_t who = random() % 3;
            std::unique_ptr<StoreRig> & rig = rigs[who];
            if (!rig) rig = std::make_unique<StoreRig>(configs[who], files);
            const uint32_t chain = 1 + random() % 12;
            const auto pages = chain_of(chain, 40, configs[who].slot_bytes);
            const uint32_t what = random() % 16;
            if (what < 9) {
                for (const TestPage & page : pages) rig->store(page);
            } else if (what < 12) {
                for (const TestPage & page : pages) rig->load(page);
            } else if (what < 15) {
                files->wall += random() % 200;
                for (const auto & any : rigs)
                    if (any) any->advance(kSecond);
            } else {
                wrong += rig->wrong_bytes;
                rig = nullptr;
            }
            CHECK(files->most_used <= small_config().budget_bytes);
        }
        for (const auto & rig : rigs)
            if (rig) wrong += rig->wrong_bytes;
        CHECK_EQ(wrong, 0);
    }
}
