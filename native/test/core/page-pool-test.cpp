#include "core/memory/page-pool.h"
#include "check.h"

using namespace banyan;

TEST("free + referenced = total, and a pool that is empty says so") {
    PagePool pool(3, 16);
    const PageId a = pool.alloc(Holder::table), b = pool.alloc(Holder::table), c = pool.alloc(Holder::pin);
    CHECK_EQ(pool.n_free(), 0);
    CHECK_EQ(pool.alloc(Holder::table), kNoPage);
    CHECK(a != b && b != c && a != c);
    pool.unref(b, Holder::table);
    CHECK_EQ(pool.n_free(), 1);
    CHECK_EQ(pool.check_integrity(), "");
    CHECK_EQ(pool.alloc(Holder::table), b);
}

TEST("a page is free when its last holder lets go") {
    PagePool pool(2, 16);
    const PageId page = pool.alloc(Holder::table);
    pool.ref(page, Holder::table);
    pool.ref(page, Holder::tree);
    CHECK_EQ(pool.refs(page), 3);
    pool.unref(page, Holder::table);
    pool.unref(page, Holder::tree);
    CHECK_EQ(pool.n_free(), 1);
    pool.unref(page, Holder::table);
    CHECK_EQ(pool.n_free(), 2);
    CHECK_EQ(pool.check_integrity(), "");
}

TEST("reclaimable is what the tree holds alone") {
    PagePool pool(4, 16);
    const PageId page = pool.alloc(Holder::table);
    pool.ref(page, Holder::tree);
    CHECK_EQ(pool.n_cached(), 1);
    CHECK_EQ(pool.n_reclaimable(), 0);
    pool.ref(page, Holder::pin);
    pool.unref(page, Holder::table);
    CHECK_EQ(pool.n_pinned(), 1);
    CHECK_EQ(pool.n_reclaimable(), 0);
    pool.unref(page, Holder::pin);
    CHECK_EQ(pool.n_pinned(), 0);
    CHECK_EQ(pool.n_reclaimable(), 1);
    CHECK_EQ(pool.check_integrity(), "");
}

TEST("a page that comes back has nothing written") {
    PagePool pool(1, 16);
    pool.set_filled(pool.alloc(Holder::table), 9);
    pool.unref(0, Holder::table);
    CHECK_EQ(pool.filled(pool.alloc(Holder::table)), 0);
}

TEST("as long as few pages are held, few have ever been written: the lowest") {
    PagePool pool(1000, 16);
    std::vector<PageId> held;
    for (uint32_t i = 0, random = 1; i < 10'000; ++i) {
        random = random * 1664525u + 1013904223u;
        if (held.size() < 20 && (held.empty() || random >> 31)) {
            held.push_back(pool.alloc(Holder::table));
            CHECK(held.back() < 20);
            continue;
        }
        const size_t at = (random >> 8) % held.size();
        pool.unref(held[at], Holder::table);
        held.erase(held.begin() + static_cast<std::ptrdiff_t>(at));
    }
}
