// Pages on their way from a tier into the tree.
//
// Owns: each load's tokens and its holding, whose pages nothing else may take; which reads are under way; what reads
// take. Changed by: every method that is not const. Thread: the engine thread. It waits for nothing: reads are given
// out (take_reads) and end by place(). Invariant: a page is brought by one load at most. A load ends by its deadline,
// with the pages that came until then, in order and without a gap; only those enter the tree. A page's bytes go into
// the pool when they are there and sound, never before, so a read that hangs holds no page.
//
// With recurrent layers a load brings a saved state, and the pages before it that the tree has not: all or nothing.
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
#include "core/tiers/cold-states.h"
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
    int32_t n_tokens = 0;                         // of the path, that are of use
    int32_t n_needed = 0;                         // pages of all that the request is to start with
    int32_t kept_back = 0;                        // available pages that it may not take
    int32_t claimed = 0;                          // that one before it waits to start with: it waits in line for them
    EffectiveClass cls = kClasses;                // of who waits; kClasses: none does
};

/** A load that has ended: tokens [begin, end) of the path need not be computed. */
struct EndedLoad {
    LoadId id = 0;
    int32_t begin = 0, end = 0;
    Tier tier = Tier::disk;
    bool is_whole = false;  // all that was asked for
};

class Loads {
  public:
    Loads(const TierConfig & config, PrefixCache & cache, ColdIndex & index, ColdStates & cold_states,
          ProgramTable & programs, const CostModel & cost, DecisionLog & log)
        : config_(config),
          cache_(cache),
          index_(index),
          cold_states_(cold_states),
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
    /** How many tokens of the path a request could go on from with what tiers keep; at least those without. */
    int32_t reach(const LoadWish & wish) const;

    bool is_under_way(LoadId id) const { return loads_.count(id) > 0; }
    bool empty() const { return loads_.empty(); }
    /** When the next load ends at the latest; kNever: none is under way. */
    Micros next_deadline() const;

    /** Appends the reads that may be handed out now. */
    void take_reads(std::vector<PageRead> & reads, Micros now);
    /** The read has ended, at this time. Where its bytes go, before the next settle(); nowhere: they are not wanted. */
    TierPlace place(TierJob job, ReadEnd how, Micros ended);
    /** Loads that are whole, can come no further or are late end: what came is in the tree. Appends them. */
    void settle(std::vector<EndedLoad> & ended, Micros now);
    /** Of the best that waits for the load; kClasses: none does any more. */
    void set_class(LoadId id, EffectiveClass cls) { loads_.at(id).cls = cls; }
    /** Ends a load of a worse class than this to make room for the request. False: there is none. */
    bool give_way(EffectiveClass cls, RequestId in_favour_of, std::vector<EndedLoad> & ended, Micros now);

    /** None for some time: its loads were late again and again. */
    bool rests(Micros now) const { return now < rests_until_; }
    uint64_t n_loaded() const { return n_loaded_; }
    uint64_t n_states_loaded() const { return n_states_loaded_; }
    uint64_t n_late() const { return n_late_; }
    const Prefetched & prefetched() const { return prefetched_; }
    /** A request starts with the first n_here of these pages, its prompt's. */
    void start(const std::vector<PageKey> & keys, int32_t n_here) { prefetched_.start(keys, n_here); }
    int32_t n_reading() const { return static_cast<int32_t>(reading_.size()); }
    /** Pages of loads under way that have not come yet; a state counts as what reading it takes. */
    int32_t n_expected() const;
    /** Pages of the pool that loads under way have taken. */
    int32_t n_held() const;
    const TierCost & cost() const { return reading_cost_; }

    static constexpr Micros kLeastPatience = 50'000;  // for a load, unless the last one was late
    static constexpr Micros kShareAfterLate = 32;     // of computing, that a load may be late by once one was
    static constexpr int kLateLoads = 3;              // in a row, before the tier rests
    static constexpr Micros kRest = 10'000'000, kLongestRest = 600'000'000;

    std::string check_integrity() const;

  private:
    /** What a load is to bring. */
    struct Goal {
        int32_t begin = 0, end = 0;      // pages of the path
        int32_t before = 0, tokens = 0;  // that a request can go on from without it and with it
        int32_t shared = 0;              // of the path, that the tree has and the load builds on
        Tier tier = Tier::disk;
        std::optional<ColdState> state;  // with recurrent layers

        bool is_empty() const { return tokens <= before; }
    };
    enum class Part : uint8_t { wanted, reading, here };
    struct Load {
        RequestId request;
        ProgramId program;
        Salt salt;
        PageKey root;
        EffectiveClass cls;
        std::vector<Token> tokens;  // [goal.tokens]
        std::vector<PageKey> keys;  // [goal.end]
        Goal goal;                  // a page that is lost makes it smaller
        std::unique_ptr<Holding> holding;
        int32_t n_taken;          // pages of the pool
        std::vector<Part> parts;  // pages [begin, end), then the state
        Micros began, deadline;
        int32_t n_asked;  // pages to read
        bool failed = false;
        bool late = false;  // a read of it was

        bool is_whole() const { return !failed && arrived() == static_cast<int32_t>(parts.size()); }
        int32_t arrived() const;
        bool is_state(int32_t part) const { return part == goal.end - goal.begin; }
        const PageKey & key(int32_t part) const { return is_state(part) ? goal.state->key : keys[goal.begin + part]; }
    };
    struct Reading {
        PageKey key;
        LoadId load;
        int32_t part;     // of the load
        int32_t n_pages;  // that it takes as long as
        Micros began, deadline;
        bool alone;
    };
    using LoadMap = std::map<LoadId, Load>;

    Goal page_goal(const LoadWish & wish) const;
    Goal state_goal(const LoadWish & wish) const;
    Goal goal_of(const LoadWish & wish) const { return cache_.has_states() ? state_goal(wish) : page_goal(wish); }
    LoadId brought_by(const LoadWish & wish, const Goal & goal) const;
    bool take_room(const LoadWish & wish, const Goal & goal, Holding & holding, int32_t n_pages);
    bool nothing_kept() const;
    int32_t size_of(const Goal & goal) const;

    void excuse(Micros now);
    void read_part(LoadId id, Load & load, int32_t part, std::vector<PageRead> & reads, Micros now);
    bool takes_over(LoadId id, Load & load, int32_t part, Micros now);
    void lose_part(Load & load, int32_t part);
    void forget_keys(const Load & load);
    int32_t page_tokens() const { return cache_.pool().page_tokens(); }
    bool pays(const Goal & goal, Micros now, Micros & takes, Micros & computing) const;
    Micros patience(Micros takes, Micros computing) const;
    LoadMap::iterator end(LoadMap::iterator load, std::vector<EndedLoad> & ended, Micros now,
                          RequestId in_favour_of = 0);
    void bring_into_tree(Load & load, int32_t n_here);
    void keep_for(const Load & load);
    void count_late(bool late, Micros now);

    const TierConfig & config_;
    PrefixCache & cache_;
    ColdIndex & index_;
    ColdStates & cold_states_;
    ProgramTable & programs_;
    const CostModel & cost_;
    DecisionLog & log_;
    TierCost reading_cost_;
    LoadMap loads_;  // oldest first
    std::unordered_map<PageKey, LoadId, PageKeyHash> bringing_;
    std::unordered_map<TierJob, Reading> reading_;            // also of loads that have ended
    std::unordered_map<PageKey, TierJob, PageKeyHash> jobs_;  // the latest of each key, of those in reading_
    LoadId next_load_ = 1;
    TierJob next_job_ = 1;
    Micros all_read_ = 0;  // when the last read under way ended; 0: some are, or none was
    int late_in_a_row_ = 0;
    Micros rests_until_ = 0, rest_ = kRest;
    uint64_t n_loaded_ = 0, n_states_loaded_ = 0, n_late_ = 0;
    Prefetched prefetched_;
};

}  // namespace banyan
