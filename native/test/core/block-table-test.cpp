#include <memory>
#include <random>

#include "check.h"
#include "core/memory/block-table.h"

using namespace banyan;

namespace {

void append(BlockTable & table, int32_t n_tokens, std::vector<PageCopy> & copies) {
    table.reserve(n_tokens, copies);
    table.confirm();
}

/** A second table over the same written tokens. */
BlockTable fork(PagePool & pool, const BlockTable & trunk) {
    BlockTable branch(pool);
    branch.share(trunk.pages(), trunk.n_written());
    return branch;
}

}  // namespace

TEST("pages follow tokens") {
    PagePool pool(8, 4);
    std::vector<PageCopy> copies;
    BlockTable table(pool);
    CHECK_EQ(table.pages_needed(9), 3);
    append(table, 9, copies);
    CHECK_EQ(table.pages().size(), 3u);
    CHECK_EQ(table.pages_needed(3), 0);
    CHECK_EQ(table.pages_needed(4), 1);
    CHECK_EQ(pool.filled(table.pages()[2]), 1);
    table.truncate(4);
    CHECK_EQ(table.pages().size(), 1u);
    CHECK_EQ(pool.n_free(), 7);
    table.clear();
    CHECK_EQ(pool.n_free(), 8);
    CHECK(copies.empty());
}

TEST("of a fork's branches one extends the partial page in place, every other copies it once") {
    for (int32_t n : {1, 2, 5}) {
        PagePool pool(32, 4);
        std::vector<PageCopy> copies;
        BlockTable trunk(pool);
        append(trunk, 10, copies);
        std::vector<BlockTable> branches;
        for (int32_t i = 1; i < n; ++i) branches.push_back(fork(pool, trunk));
        CHECK_EQ(pool.n_free(), 32 - 3);
        append(trunk, 5, copies);
        for (BlockTable & branch : branches) append(branch, 5, copies);
        CHECK_EQ(copies.size(), static_cast<size_t>(n - 1));
        for (const PageCopy & copy : copies) CHECK_EQ(copy.n_tokens, 2);
        CHECK_EQ(trunk.check_integrity() + pool.check_integrity(), "");
    }
}

TEST("a fork at a page boundary copies nothing") {
    PagePool pool(32, 4);
    std::vector<PageCopy> copies;
    BlockTable trunk(pool);
    append(trunk, 8, copies);
    BlockTable branch = fork(pool, trunk);
    append(trunk, 1, copies);
    append(branch, 1, copies);
    CHECK(copies.empty());
    CHECK(trunk.pages()[2] != branch.pages()[2]);
}

TEST("an in-place extender that is rolled back does not get its cells again while the page is shared") {
    PagePool pool(32, 4);
    std::vector<PageCopy> copies;
    BlockTable a(pool);
    append(a, 6, copies);
    BlockTable b = fork(pool, a);
    append(a, 1, copies);               // in place: cell 2 of the shared page
    BlockTable reader = fork(pool, a);  // sees that cell
    a.truncate(6);
    CHECK_EQ(pool.filled(a.pages()[1]), 3);
    append(a, 1, copies);
    CHECK_EQ(copies.size(), 1u);  // cell 2 belongs to the reader now
    CHECK(a.pages()[1] != reader.pages()[1]);
    append(b, 1, copies);
    CHECK_EQ(copies.size(), 2u);
}

TEST("an in-place extender that is cancelled leaves the others to copy, and the last one to write on") {
    PagePool pool(32, 4);
    std::vector<PageCopy> copies;
    auto a = std::make_unique<BlockTable>(pool);
    append(*a, 6, copies);
    BlockTable b = fork(pool, *a), c = fork(pool, *a);
    append(*a, 2, copies);
    a.reset();
    append(b, 1, copies);
    CHECK_EQ(copies.size(), 1u);
    append(c, 1, copies);  // alone in the page by now: what the dead extender wrote has no reader
    CHECK_EQ(copies.size(), 1u);
    CHECK_EQ(pool.check_integrity(), "");
}

TEST("a rollback in a page of its own frees the cells for writing") {
    PagePool pool(32, 4);
    std::vector<PageCopy> copies;
    BlockTable a(pool);
    append(a, 7, copies);
    a.truncate(5);
    BlockTable b = fork(pool, a);
    append(a, 1, copies);
    CHECK(copies.empty());
    append(b, 1, copies);
    CHECK_EQ(copies.size(), 1u);
}

TEST("revert undoes a reservation: new pages, the copied tail, the mark of a shared page") {
    PagePool pool(32, 4);
    std::vector<PageCopy> copies;
    BlockTable a(pool);
    append(a, 6, copies);
    BlockTable b = fork(pool, a);
    const std::vector<PageId> before = a.pages();

    a.reserve(7, copies);
    CHECK_EQ(pool.filled(before[1]), 4);
    a.revert();
    CHECK(a.pages() == before);
    CHECK_EQ(pool.filled(before[1]), 2);
    CHECK_EQ(pool.n_free(), 30);

    a.reserve(1, copies);
    b.reserve(7, copies);
    CHECK_EQ(copies.size(), 1u);
    CHECK_EQ(pool.refs(before[1]), 2);  // the copy's source is held until the step is over
    b.revert();
    a.revert();
    CHECK(b.pages() == before);
    CHECK_EQ(pool.n_free(), 30);
    append(b, 1, copies);
    CHECK_EQ(copies.size(), 1u);  // and the retry may extend in place
    CHECK_EQ(pool.check_integrity(), "");
}

TEST("random forks, appends, rollbacks and failed steps never corrupt a cell") {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
        std::mt19937_64 rng(seed);
        const auto pick = [&](size_t n) { return static_cast<int32_t>(rng() % n); };
        const int32_t size = 1 + pick(6), n_pages = 64;
        PagePool pool(n_pages, size);
        struct Branch {
            std::unique_ptr<BlockTable> table;
            std::vector<uint64_t> path;  // what its cells must hold
        };
        std::vector<Branch> branches;
        std::vector<uint64_t> cells(static_cast<size_t>(n_pages) * size, 0);
        const auto cell = [&](const BlockTable & table, int32_t i) -> uint64_t & {
            return cells[static_cast<size_t>(table.pages()[i / size]) * size + i % size];
        };
        for (int step = 0; step < 2000; ++step) {
            if (branches.empty() || pick(12) == 0) branches.push_back({std::make_unique<BlockTable>(pool), {}});
            const int32_t at = pick(branches.size());
            switch (pick(6)) {
                case 0: {
                    auto child = std::make_unique<BlockTable>(fork(pool, *branches[at].table));
                    branches.push_back({std::move(child), branches[at].path});
                    break;
                }
                case 1: {
                    const int32_t n = pick(branches[at].path.size() + 1);
                    branches[at].table->truncate(n);
                    branches[at].path.resize(n);
                    break;
                }
                case 2:
                    if (pick(2)) branches.erase(branches.begin() + at);
                    break;
                default: {
                    Branch & branch = branches[at];
                    const int32_t n = 1 + pick(2 * size);
                    if (branch.table->pages_needed(n) > pool.n_free()) {
                        branches.erase(branches.begin() + at);
                        break;
                    }
                    std::vector<PageCopy> copies;
                    branch.table->reserve(n, copies);
                    // With drafts, of which some or none are right.
                    int32_t drafts = pick(2) ? 0 : pick(2 * size);
                    while (branch.table->pages_to_extend(drafts) > pool.n_free()) --drafts;
                    if (drafts > 0) branch.table->extend(drafts);
                    const int32_t kept = n + (drafts > 0 ? pick(drafts + 1) : 0);
                    const bool fail = pick(4) == 0;
                    for (const PageCopy & copy : copies) {
                        for (int32_t i = 0; i < copy.n_tokens; ++i)
                            cells[copy.dst * size + i] = cells[copy.src * size + i];
                    }
                    for (int32_t i = 0; i < n + drafts; ++i) {
                        const uint64_t value = rng();
                        cell(*branch.table, branch.table->n_written() + i) = value;
                        if (!fail && i < kept) branch.path.push_back(value);
                    }
                    const int32_t held = pages_for(branch.table->n_written() + kept, size);
                    const auto before = static_cast<int32_t>(branch.table->pages().size());
                    if (fail) {
                        branch.table->revert();
                    } else if (drafts > 0) {
                        CHECK_EQ(branch.table->confirm(kept), before - held);
                    } else {
                        branch.table->confirm();
                    }
                }
            }
            CHECK_EQ(pool.check_integrity(), "");
            for (const Branch & branch : branches) {
                CHECK_EQ(branch.table->check_integrity(), "");
                CHECK_EQ(branch.table->n_tokens(), static_cast<int32_t>(branch.path.size()));
                for (int32_t i = 0; i < branch.table->n_tokens(); ++i) CHECK(cell(*branch.table, i) == branch.path[i]);
            }
            if (test::failures()) return;
        }
        branches.clear();
        CHECK_EQ(pool.n_free(), n_pages);
    }
}
