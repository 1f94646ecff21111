// A disk on the virtual clock: pages are read and written one after another, each in its time; now and then it stands
// still.
//
// Owns: the pages and saved states it keeps (in place of bytes the oracle's cells, where there is one), what is under
// way.
// Changed by: take, end_next. Thread: one. Invariant: same calls, same times; it keeps `pages` at most, and what was
// used longest ago goes first.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <unordered_map>
#include <variant>
#include <vector>

#include "core/scheduler/scheduler.h"

namespace banyan::sim {

struct DiskModel {
    int64_t pages = 0;        // that it keeps; 0: there is none
    Micros latency = 0;       // before a page that finds it quiet
    Micros page = 1;          // to read or write one
    Micros stall_every = 0;   // it stands still so often; 0: never
    Micros stall = 0;         // for so long
    int32_t state_pages = 1;  // a state of recurrent layers is as large as so many pages
};

class SimDisk {
  public:
    using Cells = std::vector<uint64_t>;  // [page_tokens], or none
    explicit SimDisk(const DiskModel & model) : model_(model) {}

    /** Is there one? */
    explicit operator bool() const { return model_.pages > 0; }
    void read(PageRead page, Micros now) { add({std::move(page), {}, 0}, now); }
    void write(PageWrite page, Cells cells, Micros now) { add({std::move(page), std::move(cells), 0}, now); }

    /** When the next read or write ends; kNever: none is under way. */
    Micros next() const { return under_way_.empty() ? kNever : under_way_.front().ends; }
    /** It has ended. news: pages that went to make room. */
    struct End {
        TierJob job = 0;
        Micros time = 0;
        bool is_read = false, sound = false;  // sound: it was there, or is there now
        Cells cells;
        ColdNews news, state_news;
    };
    End end_next();

  private:
    struct Job {
        std::variant<PageRead, PageWrite> what;
        Cells cells;
        Micros ends;
    };
    struct Kept {
        Cells cells;
        bool is_state;
        std::list<PageKey>::iterator use;
    };
    void add(Job job, Micros now);
    int64_t size(bool is_state) const { return is_state ? model_.state_pages : 1; }
    void keep(const PageWrite & write, Cells cells, End & end);

    DiskModel model_;
    std::deque<Job> under_way_;  // in the order in which they end
    std::unordered_map<PageKey, Kept, PageKeyHash> kept_;
    std::list<PageKey> by_use_;  // used longest ago first
    int64_t n_pages_ = 0;        // of all that is kept
    Micros free_at_ = 0;
};

}  // namespace banyan::sim
