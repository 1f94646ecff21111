// A store without a disk: pages come when the test says so, late, never, or not as they were written.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "check.h"
#include "core/scheduler/scheduler.h"

namespace banyan::test {

class FakeTier {
  public:
    using Cells = std::vector<uint64_t>;  // [page_tokens], what FakeEngine has in place of KV

    static PageKey root_of(Salt salt) { return root_key("a model", "tenant " + std::to_string(salt)); }

    /** Takes what the scheduler wants read and written. cells_of: of a page of the pool. */
    template <typename CellsOf>
    void take(Scheduler & scheduler, Micros now, CellsOf cells_of) {
        TierWork work = scheduler.take_tier_work(now);
        for (PageRead & read : work.reads) {
            for (const auto & other : reads) CHECK(other.key != read.key || other.deadline <= now);  // one read a page
            CHECK(page_key(read.parent, read.tokens.data(), static_cast<int32_t>(read.tokens.size())) == read.key);
            reads.push_back(std::move(read));
        }
        for (PageWrite & write : work.writes) {
            for (const auto & [other, cells] : writes) CHECK(other.key != write.key);  // one store a page
            CHECK(page_key(write.parent, write.tokens.data(), static_cast<int32_t>(write.tokens.size())) == write.key);
            CHECK(pages.count(write.key) == 0 || lossy);  // nothing is written twice
            Cells cells = cells_of(write.page);
            writes.emplace_back(std::move(write), std::move(cells));
        }
    }

    /** The read of this index ends; put: takes (page, cells). */
    template <typename Put>
    void end_read(Scheduler & scheduler, Micros now, size_t i, ReadEnd how, Put put) {
        const PageRead read = reads[i];
        reads.erase(reads.begin() + static_cast<ptrdiff_t>(i));
        const auto page = pages.find(read.key);
        if (page == pages.end()) how = ReadEnd::lost;
        const PageId to = scheduler.place(read.job, how, now);
        if (how != ReadEnd::sound) CHECK_EQ(to, kNoPage);
        if (to == kNoPage) return;
        put(to, page->second);
        ++n_read;
    }

    void end_write(Scheduler & scheduler, size_t i, bool kept) {
        const auto [write, cells] = writes[i];
        writes.erase(writes.begin() + static_cast<ptrdiff_t>(i));
        if (kept) {
            const auto [at, added] = pages.emplace(write.key, cells);
            CHECK(added || at->second == cells);  // equal keys, equal contents
            ++n_written;
        }
        scheduler.written(write.job, kept);
    }

    bool idle() const { return reads.empty() && writes.empty(); }

    std::map<PageKey, Cells> pages;
    std::vector<PageRead> reads;
    std::vector<std::pair<PageWrite, Cells>> writes;
    bool lossy = false;  // pages vanish: the scheduler may write them again
    uint64_t n_read = 0, n_written = 0;
};

}  // namespace banyan::test
