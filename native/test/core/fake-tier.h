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
    /** [page_tokens], what FakeEngine has in place of KV; of a state its hash, then those of the tokens behind its last
     * full page. */
    using Cells = std::vector<uint64_t>;

    static PageKey root_of(Salt salt) { return root_key("a model", "tenant " + std::to_string(salt)); }

    /** Takes what the scheduler wants read and written. cells_of: what a write is to write. */
    template <typename CellsOf>
    void take(Scheduler & scheduler, Micros now, CellsOf cells_of) {
        TierWork work = scheduler.take_tier_work(now);
        for (PageRead & read : work.reads) {
            for (const auto & other : reads) CHECK(other.key != read.key || other.deadline <= now);  // one read a page
            CHECK(key_of(read.parent, read.tokens, read.is_state) == read.key);
            reads.push_back(std::move(read));
        }
        for (PageWrite & write : work.writes) {
            for (const auto & [other, cells] : writes) CHECK(other.key != write.key);  // one store a page
            CHECK(key_of(write.parent, write.tokens, write.state != kNoState) == write.key);
            CHECK(pages.count(write.key) == 0 || lossy);  // nothing is written twice
            Cells cells = cells_of(write);
            if (write.state != kNoState) states[write.key] = write.parent;
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
        const TierPlace to = scheduler.place(read.job, how, now);
        if (how != ReadEnd::sound) CHECK(!to.is_wanted());
        if (!to.is_wanted()) return;
        put(to, page->second);
        ++n_read;
        n_states_read += read.is_state;
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

    static PageKey key_of(const PageKey & parent, const std::vector<Token> & tokens, bool is_state) {
        const auto n_tokens = static_cast<int32_t>(tokens.size());
        return is_state ? state_key(parent, tokens.data(), n_tokens) : page_key(parent, tokens.data(), n_tokens);
    }

    std::map<PageKey, Cells> pages;     // states among them
    std::map<PageKey, PageKey> states;  // of those, the parents
    std::vector<PageRead> reads;
    std::vector<std::pair<PageWrite, Cells>> writes;
    bool lossy = false;  // pages vanish: the scheduler may write them again
    uint64_t n_read = 0, n_written = 0;
    uint64_t n_states_read = 0;  // among n_read
};

}  // namespace banyan::test
