#include "core/memory/prefix-cache.h"
#include "check.h"
#include "token-runs.h"

using namespace banyan;
using namespace banyan::test;

namespace {

using Reason = MissExplanation::Reason;

constexpr int32_t kSize = 4;

/** Computes the tokens and leaves them cached. Returns how many were cached before. */
int32_t compute(PrefixCache & cache, const Tokens & tokens, Salt salt = 0) {
    auto holding = cache.hold(salt);
    const int32_t cached = cache.acquire(*holding, tokens, static_cast<int32_t>(tokens.size()));
    std::vector<PageCopy> copies;
    if (cached < static_cast<int32_t>(tokens.size())) {
        CHECK(cache.reserve(*holding, static_cast<int32_t>(tokens.size()) - cached, copies));
        cache.confirm(*holding);
    }
    cache.commit(*holding, tokens);
    cache.release(*holding);
    CHECK_EQ(cache.check_integrity(), "");
    return cached;
}

}  // namespace

TEST("what is committed can be shared at once, while its producer still runs") {
    PrefixCache cache(16, kSize);
    auto a = cache.hold(0), b = cache.hold(0);
    std::vector<PageCopy> copies;
    CHECK(cache.reserve(*a, 6, copies));
    cache.confirm(*a);
    CHECK_EQ(cache.match(0, run(0, 10), 10), 0);
    cache.commit(*a, run(0, 10));
    CHECK_EQ(cache.acquire(*b, run(0, 10), 9), 6);
    CHECK(b->table.pages() == a->table.pages());
    CHECK(cache.reserve(*a, 4, copies));
    cache.confirm(*a);
    CHECK(copies.empty());
    CHECK(cache.reserve(*b, 4, copies));
    CHECK_EQ(copies.size(), 1u);
    cache.revert(*b);
    cache.release(*b);
    cache.release(*a);
    CHECK_EQ(cache.check_integrity(), "");
    CHECK_EQ(cache.available(), 16);
}

TEST("evicts only as much as is needed, and never what is in use") {
    PrefixCache cache(8, kSize);
    compute(cache, run(0, 16));
    compute(cache, run(100, 16));
    CHECK_EQ(cache.pool().n_free(), 0);
    auto holding = cache.hold(0);
    std::vector<PageCopy> copies;
    CHECK(cache.reserve(*holding, 2 * kSize, copies));
    CHECK_EQ(cache.pages_evicted(), 2u);
    CHECK_EQ(cache.match(0, run(0, 16), 16), 8);
    CHECK_EQ(cache.match(0, run(100, 16), 16), 16);
    cache.confirm(*holding);
    CHECK(!cache.reserve(*holding, 7 * kSize, copies));  // refused before anything is evicted
    CHECK_EQ(cache.pages_evicted(), 2u);
    cache.release(*holding);
}

TEST("a promise is kept, also when other requests want pages") {
    PrefixCache cache(8, kSize);
    compute(cache, run(0, 16));
    auto a = cache.hold(0), b = cache.hold(0);
    cache.promise(*a, 6);
    CHECK_EQ(cache.available(), 2);
    std::vector<PageCopy> copies;
    CHECK(!cache.reserve(*b, 3 * kSize, copies));
    CHECK(cache.reserve(*b, 2 * kSize, copies));
    cache.confirm(*b);
    uint64_t pin = 0;
    CHECK_EQ(cache.pin(0, run(0, 16), 1000, &pin), 0);  // would take what was promised
    CHECK(cache.reserve(*a, 6 * kSize, copies));
    CHECK_EQ(cache.promised(), 0);
    cache.revert(*a);
    CHECK_EQ(cache.promised(), 6);
    CHECK_EQ(cache.check_integrity(), "");
    cache.release(*a);
    CHECK_EQ(cache.promised(), 0);
    cache.release(*b);
}

TEST("a pin keeps a prefix until it expires, is unpinned or broken") {
    PrefixCache cache(8, kSize);
    const auto press = [&] {  // every page that can be had
        auto holding = cache.hold(7);
        std::vector<PageCopy> copies;
        CHECK(cache.reserve(*holding, cache.available() * kSize, copies));
        cache.release(*holding);
    };
    for (const char * end : {"expires", "unpinned", "broken"}) {
        compute(cache, run(0, 10));
        uint64_t pin = 0;
        CHECK_EQ(cache.pin(0, run(0, 10) + run(50, 3), 1000, &pin), 10);
        CHECK_EQ(cache.pool().n_pinned(), 3);
        cache.expire(999);
        press();
        CHECK_EQ(cache.match(0, run(0, 10), 10), 10);
        CHECK_EQ(cache.clear(), 0);
        if (*end == 'e') cache.expire(1000);
        if (*end == 'u') CHECK(cache.unpin(pin));
        if (*end == 'b') CHECK(cache.break_pin());
        CHECK(!cache.unpin(pin));
        CHECK(!cache.break_pin());
        press();
        CHECK_EQ(cache.match(0, run(0, 10), 10), 0);
        CHECK_EQ(cache.check_integrity(), "");
    }
}

TEST("the pin that expires first is broken first") {
    PrefixCache cache(16, kSize);
    compute(cache, run(0, 8));
    compute(cache, run(100, 8));
    uint64_t late = 0, early = 0;
    cache.pin(0, run(0, 8), 2000, &late);
    cache.pin(0, run(100, 8), 1000, &early);
    CHECK(cache.break_pin());
    CHECK(!cache.unpin(early));
    CHECK(cache.unpin(late));
}

TEST("pins of one salt hold no more than their share, each page counted once") {
    PrefixCache cache(32, kSize);
    compute(cache, run(0, 6 * kSize));
    compute(cache, run(0, 2 * kSize) + run(100, 2 * kSize));
    uint64_t first = 0, again = 0, branch = 0, none = 7;
    CHECK_EQ(cache.pin(0, run(0, 6 * kSize), 1000, &first, 4), 4 * kSize);
    CHECK_EQ(cache.n_pinned(0), 4);
    CHECK_EQ(cache.pin(0, run(0, 4 * kSize), 2000, &again, 4), 4 * kSize);  // pages that are pinned already
    CHECK_EQ(cache.pin(0, run(0, 2 * kSize) + run(100, 2 * kSize), 1000, &branch, 5), 3 * kSize);
    CHECK_EQ(cache.n_pinned(0), 5);
    CHECK_EQ(cache.check_integrity(), "");
    CHECK(cache.unpin(first));
    CHECK_EQ(cache.n_pinned(0), 5);
    CHECK(cache.unpin(again));
    CHECK_EQ(cache.n_pinned(0), 3);
    cache.expire(1000);
    CHECK_EQ(cache.n_pinned(0), 0);
    CHECK_EQ(cache.pin(0, run(0, 6 * kSize), 1000, &none, 0), 0);
    CHECK_EQ(none, 0u);
    CHECK_EQ(cache.n_pinned(7), 0);
    CHECK_EQ(cache.check_integrity(), "");
}

TEST("pinning what is not cached pins nothing") {
    PrefixCache cache(8, kSize);
    uint64_t pin = 7;
    CHECK_EQ(cache.pin(0, run(0, 10), 1000, &pin), 0);
    CHECK_EQ(pin, 0u);
    CHECK_EQ(cache.pin(0, {}, 1000, &pin), 0);
}

TEST("a miss is explained: where, what lay there, why") {
    PrefixCache cache(32, kSize);
    const auto explain = [&](const Tokens & tokens, Salt salt = 0) { return cache.explain(salt, tokens); };
    CHECK(explain(run(0, 5)).reason == Reason::cold);
    compute(cache, run(0, 10) + run(100, 4));
    compute(cache, run(0, 10) + run(200, 4));

    MissExplanation why = explain(run(0, 10) + run(300, 4));
    CHECK(why.reason == Reason::diverged);
    CHECK_EQ(why.matched, 10);
    CHECK_EQ(why.prompt_tokens, 14);
    CHECK_EQ(why.expected, 200);  // the branch used last
    CHECK_EQ(why.actual, 300);

    compute(cache, run(0, 10) + run(100, 4));
    CHECK_EQ(explain(run(0, 10) + run(300, 4)).expected, 100);

    why = explain(run(0, 3) + run(900, 2));
    CHECK_EQ(why.expected, 3);
    CHECK_EQ(why.actual, 900);

    why = explain(run(0, 10) + run(100, 6));
    CHECK(why.reason == Reason::evicted_or_new);
    CHECK_EQ(why.matched, 14);
    CHECK_EQ(why.expected, -1);
    CHECK_EQ(why.actual, 104);

    why = explain(run(0, 10));
    CHECK(why.reason == Reason::full_hit);
    CHECK_EQ(why.actual, -1);

    CHECK(explain(run(0, 10), 5).reason == Reason::cold);  // another salt
    CHECK(explain(run(700, 3)).reason == Reason::diverged);
}

TEST("clear gives back what has no holder") {
    PrefixCache cache(8, kSize);
    compute(cache, run(0, 10));
    auto holding = cache.hold(0);
    cache.acquire(*holding, run(0, 4), 4);
    CHECK_EQ(cache.clear(), 2);
    CHECK_EQ(cache.match(0, run(0, 10), 10), 4);
    cache.release(*holding);
    CHECK_EQ(cache.clear(), 1);
    CHECK_EQ(cache.pool().n_free(), 8);
}
