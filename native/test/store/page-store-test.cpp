#include "store/page-store.h"

#include "check.h"
#include "store/outcome-text.h"
#include "store/store-rig.h"

using namespace banyan;
using namespace banyan::test;

TEST("a page comes back as it was stored; one that was never stored is missing") {
    const auto files = std::make_shared<FakeFiles>();
    StoreRig rig(small_config(), files);
    const auto pages = chain_of(1, 8);
    for (const TestPage & page : pages) CHECK_EQ(rig.store(page), StoreOutcome::done);
    for (const TestPage & page : pages) CHECK_EQ(rig.load(page), StoreOutcome::done);
    CHECK_EQ(rig.store(pages[3]), StoreOutcome::known);
    CHECK_EQ(rig.load(chain_of(2, 1)[0]), StoreOutcome::missing);
    CHECK_EQ(rig.wrong_bytes, 0);
    const StoreStats stats = rig->stats();
    CHECK_EQ(stats.stores, 8);
    CHECK_EQ(stats.loads, 8);
    CHECK_EQ(stats.misses, 1);
    CHECK_EQ(stats.pages, 8);
}

TEST("a restart finds every page, and tells of it") {
    const auto files = std::make_shared<FakeFiles>();
    const auto pages = chain_of(1, 20);
    std::string tag;
    {
        StoreRig rig(small_config(), files);
        for (const TestPage & page : pages) rig.store(page);
        tag = rig->tenant_tag("acme");
    }
    StoreRig rig(small_config(), files);
    for (const TestPage & page : pages) rig.wait_known(page.page.key);
    for (const TestPage & page : pages) CHECK_EQ(rig.load(page), StoreOutcome::done);
    CHECK_EQ(rig.wrong_bytes, 0);
    CHECK(rig->tenant_tag("acme") == tag);
    CHECK(rig->tenant_tag("acme2") != tag);
    CHECK_EQ(tag.size(), 32u);
}

namespace {

/** The chain as a tenant's. */
std::vector<TestPage> chain_of_tenant(StoreRig & rig, const std::string & tenant, uint32_t chain, int32_t n_pages) {
    std::vector<TestPage> pages = chain_of(chain, n_pages);
    PageKey parent = root_key(small_config().identity, rig->tenant_tag(tenant));
    for (TestPage & page : pages) {
        page.page.parent = parent;
        parent = page.page.key = page_key(parent, page.tokens.data(), 32);
    }
    return pages;
}

std::vector<Token> tokens_of(const std::vector<TestPage> & pages) {
    std::vector<Token> tokens;
    for (const TestPage & page : pages) tokens.insert(tokens.end(), page.tokens.begin(), page.tokens.end());
    return tokens;
}

}  // namespace

TEST(
    "a new process is told what it is likely to be asked for: fixed paths, then those used last, whole, of no tenant") {
    const auto files = std::make_shared<FakeFiles>();
    std::vector<TestPage> fixed, old, fresh, theirs, cut;
    {
        StoreRig rig(small_config(), files);
        fixed = chain_of_tenant(rig, "", 1, 6);
        old = chain_of_tenant(rig, "", 2, 8);
        fresh = chain_of_tenant(rig, "", 3, 10);
        theirs = chain_of_tenant(rig, "acme", 4, 5);
        cut = chain_of_tenant(rig, "", 5, 5);
        cut.erase(cut.begin() + 2);
        for (TestPage & page : fixed) page.page.kind = ColdKind::fixed;
        for (const auto * pages : {&fixed, &old, &fresh, &theirs, &cut}) {
            for (const TestPage & page : *pages) CHECK_EQ(rig.store(page), StoreOutcome::done);
            files->wall += 10;
        }
    }
    const std::vector<TestPage> begun(cut.begin(), cut.begin() + 2);  // its end cannot be reached
    PageStoreConfig config = small_config();
    config.likely_pages = 100;
    const std::vector<std::vector<Token>> all = {tokens_of(fixed), tokens_of(begun), tokens_of(fresh), tokens_of(old)};
    CHECK(StoreRig(config, files).likely() == all);
    config.likely_pages = 16;  // the third has no room
    const std::vector<std::vector<Token>> some = {tokens_of(fixed), tokens_of(begun), tokens_of(old)};
    CHECK(StoreRig(config, files).likely() == some);
}

TEST("another tenant's, another parent's or another text's page is never handed out") {
    const auto files = std::make_shared<FakeFiles>();
    StoreRig rig(small_config(), files);
    TestPage page = chain_of(1, 1)[0];
    rig.store(page);
    TestPage parent = page, tokens = page, key = page;
    parent.page.parent = root_key("another", "");
    tokens.tokens[5] += 1;
    key.page.key = page_key(page.page.key, page.tokens.data(), 32);
    CHECK_EQ(rig.load(key), StoreOutcome::missing);
    CHECK_EQ(rig.load(tokens), StoreOutcome::missing);
    rig.store(page);
    CHECK_EQ(rig.load(parent), StoreOutcome::missing);
}

TEST("the files never take more than the budget; chains lose their ends first, history before what is fixed") {
    const auto files = std::make_shared<FakeFiles>();
    PageStoreConfig config = small_config();
    config.budget_bytes = 300'000;
    StoreRig rig(config, files);
    auto fixed = chain_of(1, 10), old = chain_of(2, 20), fresh = chain_of(3, 30);
    for (TestPage & page : fixed) {
        page.page.kind = ColdKind::fixed;
        CHECK_EQ(rig.store(page), StoreOutcome::done);
    }
    for (const TestPage & page : old) CHECK_EQ(rig.store(page), StoreOutcome::done);
    files->wall += 10;
    for (const TestPage & page : fresh) CHECK_EQ(rig.store(page), StoreOutcome::done);
    for (const TestPage & page : fixed) CHECK_EQ(rig.load(page), StoreOutcome::done);
    for (const TestPage & page : fresh) CHECK_EQ(rig.load(page), StoreOutcome::done);
    int32_t kept = 0;
    bool gap = false;
    for (const TestPage & page : old) {
        const bool there = rig.load(page) == StoreOutcome::done;
        gap = gap || (there && kept < 0);
        kept = there ? kept + 1 : -1;
        if (kept < 0) break;
    }
    CHECK(!gap);
    CHECK(rig->stats().evicted > 0);
    CHECK(files->most_used <= config.budget_bytes);
    CHECK_EQ(rig.wrong_bytes, 0);
}
