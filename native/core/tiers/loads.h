// Pages on their way from a tier into the tree.
//
// Owns: each load's tokens and its holding, whose pages nothing else may take; which reads are under way; what reads
// take. Changed by: every method that is not const. Thread: the engine thread. It waits for nothing: reads are given
// out (take_reads) and end by place(). Invariant: a page is brought by one load at most. A load ends by its deadline,
// with the pages that came until then, in order and without a gap; only those enter the tree. A page's bytes go into
// the pool when they are there and sound, never before, so a read that hangs holds no page.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "core/costs/tier-cost.h"
#include "core/memory/prefix-cache.h"
#include "core/policy/decision-log.h"
#include "core/programs/program-table.h"
#include "core/tiers/cold-index.h"
#include "core/tiers/prefetched.h"
#include "core/tiers/tier-work.h"

namespace banyan {

using LoadId = uint64_t;  // 0: none

/** A path of which pages are wanted. */
struct LoadWish {
    RequestId request = 0;  // that waits for them; 0: none does yet
    Program * program = nullptr;
    Salt salt = 0;
    const PageKey * root = nullptr;  // before the path's first page
    const std::vector<Token> * tokens = nullptr;
    const std::vector<PageKey> * keys = nullptr;  // of their full pages
    int32_t n_pages = 0;                          // first pages of the path that are of use
    int32_t n_needed = 0;                         // pages of all that the request is to start with
    int32_t kept_back = 0;                        // available pages that it may not take
    EffectiveClass cls = kClasses;                // of who waits; kClasses: none does
};

/** A load that has ended: pages [begin, end) of the path came. */
struct EndedLoad {
    LoadId id = 0;
    int32_t begin = 0, end = 0;
    Tier tier = Tier::disk;
    bool is_whole = false;  // all that was asked for
};

class Loads {
  public:
    Loads(const TierConfig & config, PrefixCache & cache, ColdIndex & index, ProgramTable & programs,
          const CostModel & cost, DecisionLog & log)
        : config_(config),
          cache_(cache),
          index_(index),
          programs_(programs),
          cost_(cost),
          log_(log),
          reading_cost_(config.first, config.page) {}

    /** What has become of a wish. */
    struct Answer {
        LoadId load = 0;       // brings pages of it; 0: none does
        bool pays = true;      // false: pages are kept, and computing them takes less time
        bool in_line = false;  // pages are kept, and others are read first
    };
    /** Pages that follow what the tree has: by a load that brings them already, or by one that begins now. */
    Answer bring(const LoadWish & wish, Micros now);
    /** Pages of the wish that would come from a tier now, if loading them pays; and what that takes. */
    int32_t would_bring(const LoadWish & wish, Micros now, Micros & takes) const;

    bool is_under_way(LoadId id) const { return loads_.count(id) > 0; }
    bool empty() const { return loads_.empty(); }
    /** When the next load ends at the latest; kNever: none is under way. */
    Micros next_deadline() const;

    /** Appends the reads that may be handed out now. */
    void take_reads(std::vector<PageRead> & reads, Micros now);
    /** The read has ended, at this time. The page that its bytes go into, before the next settle(); kNoPage: they are
     * not wanted. */
    PageId place(TierJob job, ReadEnd how, Micros ended);
    /** Loads that are whole, can come no further or are late end: what came is in the tree. Appends them. */
    void settle(std::vector<EndedLoad> & ended, Micros now);
    /** Of the best that waits for the load; kClasses: none does any more. */
    void set_class(LoadId id, EffectiveClass cls) { loads_.at(id).cls = cls; }
    /** Ends a load of a worse class than this to make room for the request. False: there is none. */
    bool give_way(EffectiveClass cls, RequestId in_favour_of, std::vector<EndedLoad> & ended, Micros now);

    /** None for some time: its loads were late again and again. */
    bool rests(Micros now) const { return now < rests_until_; }
    uint64_t n_loaded() const { return n_loaded_; }
    uint64_t n_late() const { return n_late_; }
    const Prefetched & prefetched() const { return prefetched_; }
    /** A request starts with the first n_here of these pages, its prompt's. */
    void start(const std::vector<PageKey> & keys, int32_t n_here) { prefetched_.start(keys, n_here); }
    int32_t n_reading() const { return static_cast<int32_t>(reading_.size()); }
    /** Pages of loads under way that have not come yet. */
    int32_t n_expected() const;
    /** Pages of the pool that loads under way have taken. */
    int32_t n_held() const;
    const TierCost & cost() const { return reading_cost_; }

    static constexpr Micros kLeastPatience = 50'000;  // for a load
    static constexpr int kLateLoads = 3;              // in a row, before the tier rests
    static constexpr Micros kRest = 10'000'000, kLongestRest = 600'000'000;

    std::string check_integrity() const;

  private:
    enum class PageState : uint8_t { wanted, reading, here };
    struct Load {
        RequestId request;
        ProgramId program;
        Salt salt;
        PageKey root;
        EffectiveClass cls;
        std::vector<Token> tokens;  // [end * page_tokens]
        std::vector<PageKey> keys;  // [end]
        std::unique_ptr<Holding> holding;
        int32_t begin, end;  // pages of the path
        Tier tier;
        std::vector<PageState> states;  // of pages [begin, end)
        Micros began, deadline;

        int32_t arrived() const;
        bool is_whole() const { return begin + arrived() == end; }
    };
    struct Reading {
        PageKey key;
        LoadId load;
        int32_t page;  // of the path
        Micros began, deadline;
        bool alone;
    };
    void excuse(Micros now);
    bool takes_over(LoadId id, Load & load, int32_t page, Micros now);
    int32_t page_tokens() const { return cache_.pool().page_tokens(); }
    bool pays(int32_t n_pages, int32_t begin, Micros now, Micros & takes, Micros & computing) const;
    std::map<LoadId, Load>::iterator end(std::map<LoadId, Load>::iterator load, std::vector<EndedLoad> & ended,
                                         Micros now, RequestId in_favour_of = 0);
    void keep_for(const Load & load);
    void count_late(bool late, Micros now);

    const TierConfig & config_;
    PrefixCache & cache_;
    ColdIndex & index_;
    ProgramTable & programs_;
    const CostModel & cost_;
    DecisionLog & log_;
    TierCost reading_cost_;
    std::map<LoadId, Load> loads_;  // oldest first
    std::unordered_map<PageKey, LoadId, PageKeyHash> bringing_;
    std::unordered_map<TierJob, Reading> reading_;            // also of loads that have ended
    std::unordered_map<PageKey, TierJob, PageKeyHash> jobs_;  // the latest of each key, of those in reading_
    LoadId next_load_ = 1;
    TierJob next_job_ = 1;
    Micros all_read_ = 0;  // when the last read under way ended; 0: some are, or none was
    int late_in_a_row_ = 0;
    Micros rests_until_ = 0, rest_ = kRest;
    uint64_t n_loaded_ = 0, n_late_ = 0;
    Prefetched prefetched_;
};

}  // namespace banyan
