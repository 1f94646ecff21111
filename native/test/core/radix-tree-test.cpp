#include <algorithm>
#include <memory>
#include <random>
#include <set>

#include "check.h"
#include "core/memory/block-table.h"
#include "core/memory/radix-tree.h"
#include "token-runs.h"

using namespace banyan;
using namespace banyan::test;

namespace {

constexpr int32_t kSize = 4;

/** A sequence reduced to what the tree sees of it. */
struct Walker {
    Walker(PagePool & pool, RadixTree & tree, Salt salt) : tree(tree), table(pool), lock(salt, Holder::table) {}
    ~Walker() { tree.unlock(lock); }

    /** Takes what is cached of the tokens, computes the rest, inserts all. Returns the tokens taken. */
    int32_t walk(const Tokens & tokens) {
        const PathMatch found = tree.match(lock.salt, tokens.data(), static_cast<int32_t>(tokens.size()));
        table.share(found.pages, found.n_tokens);
        tree.lock(lock, found);
        extend(tokens);
        return found.n_tokens;
    }

    void extend(const Tokens & tokens) {
        const int32_t n = static_cast<int32_t>(tokens.size()) - table.n_tokens();
        std::vector<PageCopy> copies;
        if (n > 0) table.reserve(n, copies);
        table.confirm();
        tree.insert(lock, tokens.data(), static_cast<int32_t>(tokens.size()), table.pages());
    }

    RadixTree & tree;
    BlockTable table;
    PathLock lock;
};

struct Fixture {
    PagePool pool{64, kSize};
    RadixTree tree{pool};
    int32_t walk(const Tokens & tokens, Salt salt = 0) { return Walker(pool, tree, salt).walk(tokens); }
    int32_t match(const Tokens & tokens, Salt salt = 0) {
        return tree.match(salt, tokens.data(), static_cast<int32_t>(tokens.size())).n_tokens;
    }
    std::string check() { return tree.check_integrity() + pool.check_integrity(); }
};

}  // namespace

TEST("match is the longest common prefix, to the token") {
    Fixture f;
    f.walk(run(0, 10));
    for (int32_t n = 0; n <= 10; ++n) {
        CHECK_EQ(f.match(run(0, n)), n);
        CHECK_EQ(f.match(run(0, n) + run(500, 5)), n);
    }
    CHECK_EQ(f.match(run(0, 12)), 10);
    CHECK_EQ(f.tree.n_nodes(), 1);  // match changes nothing
}

TEST("a path computed in chunks is one edge") {
    Fixture f;
    Walker walker(f.pool, f.tree, 0);
    walker.walk(run(0, 3));
    for (int32_t n : {5, 8, 13}) walker.extend(run(0, n));
    CHECK_EQ(f.tree.n_nodes(), 1);
    CHECK_EQ(f.tree.n_tokens(), 13);
    CHECK_EQ(f.match(run(0, 13)), 13);
    CHECK_EQ(f.check(), "");
}

TEST("an edge cut inside a page leaves the page with both halves; the deeper edge serves it") {
    Fixture f;
    const Tokens left = run(0, 6) + run(100, 6), right = run(0, 6) + run(200, 6);
    Walker a(f.pool, f.tree, 0), b(f.pool, f.tree, 0);
    a.walk(left);
    CHECK_EQ(b.walk(right), 6);
    CHECK_EQ(f.tree.n_nodes(), 3);
    CHECK_EQ(f.tree.n_tokens(), 6 + 6 + 6);
    const PathMatch found_left = f.tree.match(0, left.data(), 12), found_right = f.tree.match(0, right.data(), 12);
    CHECK(found_left.pages == a.table.pages());
    CHECK(found_right.pages == b.table.pages());
    CHECK_EQ(found_left.pages[0], found_right.pages[0]);
    CHECK(found_left.pages[1] != found_right.pages[1]);
    // The shared edge ends inside the page: one of the two pages holds its end, no third one.
    CHECK_EQ(f.pool.refs(a.table.pages()[1], Holder::tree) + f.pool.refs(b.table.pages()[1], Holder::tree), 3);
    CHECK_EQ(f.check(), "");
}

TEST("an edge cut inside a page keeps no page that only it needs") {
    Fixture f;
    f.walk(run(0, 6));
    for (Token branch : {100, 200, 300}) f.walk(run(0, 6) + run(branch, 6));
    CHECK_EQ(f.pool.n_cached(), 1 + 3 * 2);
    for (int i = 0; i < 4; ++i) f.tree.evict_page();
    CHECK_EQ(f.match(run(0, 6) + run(300, 6)), 12);
    CHECK_EQ(f.pool.n_cached(), 3);
    CHECK_EQ(f.check(), "");
}

TEST("two salts share nothing") {
    Fixture f;
    f.walk(run(0, 9), 1);
    CHECK_EQ(f.match(run(0, 9), 2), 0);
    CHECK_EQ(f.walk(run(0, 9), 2), 0);
    CHECK_EQ(f.pool.n_cached(), 6);
}

TEST("the least recently used leaf goes first, page by page from its end, then its parent") {
    Fixture f;
    f.walk(run(0, 8) + run(100, 8));
    f.walk(run(0, 8) + run(200, 8));
    f.walk(run(0, 8) + run(100, 8));  // used again
    const int32_t expected[][2] = {{16, 12}, {16, 8}, {12, 8}, {8, 8}, {4, 4}, {0, 0}};
    for (const auto & [left, right] : expected) {
        CHECK(f.tree.evict_page());
        CHECK_EQ(f.match(run(0, 8) + run(100, 8)), left);
        CHECK_EQ(f.match(run(0, 8) + run(200, 8)), right);
        CHECK_EQ(f.check(), "");
    }
    CHECK(!f.tree.evict_page());
    CHECK_EQ(f.pool.n_free(), 64);
    CHECK_EQ(f.tree.n_nodes(), 0);
}

TEST("a locked path goes last, and its lock falls back to the parent") {
    Fixture f;
    Walker holder(f.pool, f.tree, 0);
    holder.walk(run(0, 8));
    f.walk(run(500, 8));
    f.walk(run(0, 4) + run(300, 4));
    for (int i = 0; i < 3; ++i) f.tree.evict_page();
    CHECK_EQ(f.match(run(0, 8)), 8);
    CHECK_EQ(f.match(run(500, 8)), 0);
    CHECK_EQ(holder.lock.end(), 8);
    f.tree.evict_page();
    CHECK_EQ(holder.lock.end(), 4);
    CHECK_EQ(f.match(run(0, 8)), 4);
    f.tree.evict_page();
    CHECK_EQ(holder.lock.end(), 0);
    CHECK_EQ(f.tree.n_nodes(), 0);
    holder.extend(run(0, 9));  // its pages were its own all the time
    CHECK_EQ(f.match(run(0, 9)), 9);
    CHECK_EQ(f.check(), "");
}

TEST("an edge that another request's lock ends at is not extended in place") {
    Fixture f;
    Walker a(f.pool, f.tree, 0), b(f.pool, f.tree, 0);
    a.walk(run(0, 6));
    b.walk(run(0, 6));
    a.extend(run(0, 9));
    CHECK_EQ(b.lock.end(), 6);
    CHECK_EQ(a.lock.end(), 9);
    CHECK_EQ(f.tree.n_nodes(), 2);
}

TEST("a saved state stays with the end of its edge, and its row is free when that end is evicted") {
    StatePool states(1);
    Fixture f;
    Walker walker(f.pool, f.tree, 0);
    walker.walk(run(0, 8));
    f.tree.attach(walker.lock, states, states.alloc());
    f.walk(run(0, 6) + run(100, 2));  // cuts the edge
    CHECK_EQ(states.n_free(), 0);
    CHECK(walker.lock.node->state != nullptr);
    CHECK(f.tree.match(0, run(0, 8).data(), 8).resumable == walker.lock.node);
    CHECK(f.tree.match(0, run(0, 7).data(), 7).resumable == nullptr);
    walker.extend(run(0, 10));  // goes on below it
    CHECK_EQ(f.tree.match(0, run(0, 10).data(), 10).resumable->end(), 8);
    CHECK_EQ(states.n_free(), 0);
    CHECK_EQ(f.check(), "");
    for (int i = 0; i < 3; ++i) f.tree.evict_page();
    CHECK_EQ(states.n_free(), 1);
}

TEST("clear drops what has no holder") {
    Fixture f;
    Walker holder(f.pool, f.tree, 0);
    holder.walk(run(0, 8));
    f.walk(run(0, 8) + run(100, 8));
    f.walk(run(500, 8));
    f.tree.clear_unlocked();
    CHECK_EQ(f.match(run(0, 8) + run(100, 8)), 8);
    CHECK_EQ(f.match(run(500, 8)), 0);
    CHECK_EQ(f.pool.n_cached(), 2);
    CHECK_EQ(f.check(), "");
}

TEST("match equals a brute-force longest common prefix over every path of the tree, whatever happened") {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
        std::mt19937_64 rng(seed);
        const auto pick = [&](size_t n) { return static_cast<int32_t>(rng() % n); };
        PagePool pool(48, 1 + pick(5));
        RadixTree tree(pool);
        std::vector<std::unique_ptr<Walker>> walkers;
        const auto random_path = [&] {
            Tokens tokens;
            for (int32_t i = pick(40); i >= 0; --i) tokens.push_back(pick(6) == 0 ? pick(3) : 0);
            return tokens;
        };
        for (int step = 0; step < 1500; ++step) {
            while (pool.n_free() < 41 && tree.evict_page()) {
            }
            if (pool.n_free() < 41 || pick(4) == 0) {
                if (!walkers.empty()) walkers.erase(walkers.begin() + pick(walkers.size()));
            } else {
                walkers.push_back(std::make_unique<Walker>(pool, tree, pick(2)));
                walkers.back()->walk(random_path());
                if (pick(2)) walkers.pop_back();
            }
            if (pick(8) == 0) tree.evict_page();
            CHECK_EQ(tree.check_integrity() + pool.check_integrity(), "");

            std::set<std::pair<Salt, Tokens>> paths;
            std::map<const RadixNode *, Tokens> path_of;
            tree.visit([&](Salt salt, const RadixNode & node) {
                path_of[&node] = path_of[node.parent] + node.tokens;
                paths.emplace(salt, path_of[&node]);
            });
            const Tokens probe = random_path();
            for (Salt salt : {0, 1}) {
                size_t longest = 0;
                for (const auto & [path_salt, path] : paths) {
                    const size_t n = std::min(path.size(), probe.size());
                    const size_t shared =
                        std::mismatch(path.begin(), path.begin() + n, probe.begin()).first - path.begin();
                    if (path_salt == salt) longest = std::max(longest, shared);
                }
                const PathMatch found = tree.match(salt, probe.data(), static_cast<int32_t>(probe.size()));
                CHECK_EQ(found.n_tokens, static_cast<int32_t>(longest));
                CHECK_EQ(static_cast<int32_t>(found.pages.size()), pages_for(found.n_tokens, pool.page_tokens()));
            }
            if (test::failures()) return;
        }
    }
}
