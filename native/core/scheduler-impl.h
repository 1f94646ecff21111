// The scheduler's state and the parts of its policy. Private to scheduler, admission, plan, preempt and commit.cpp.
//
//   submit -> waiting --admission--> running (prefill chunks, then decodes: plan) --commit--> ended
//                ^------preempt---------'
//
// Owns: every sequence, the cache, the batch under way.
// Changed by: the methods of Scheduler.
// Thread: the engine thread.
// Invariant: a protected sequence (preempted kMaxPreemptions times) runs only with all its pages promised, so it needs
// nobody's pages again; everybody else can be preempted. Hence there is always a victim, and always an end to victims.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include "core/cost-fit.h"
#include "core/prefix-cache.h"
#include "core/program-table.h"
#include "core/scheduler.h"
#include "core/sequence.h"

namespace banyan {

constexpr int32_t kMaxPreemptions = 3;
constexpr int32_t kDedupeTokens = 32;  // waiting for another's prefill pays from here on (or from one page)
constexpr int32_t kMinPrefill = 64;    // tokens of the budget that decodes leave to prefills (at most a quarter of it)
constexpr Micros kAge[kClasses] = {0, 10'000'000, 60'000'000};  // a wait of this long lifts by one class

/** The order of admission among waiting requests: least first. */
struct WaitingRank {
    int32_t level;    // class, lifted by age
    bool is_new;      // false: was preempted
    int64_t service;  // of its program
    uint64_t arrival;
    bool operator<(const WaitingRank & o) const;
};

struct Scheduler::Impl {
    explicit Impl(const SchedulerConfig & given);

    // admission.cpp
    void admit();
    bool try_admit(Sequence & seq);
    int32_t level(const Sequence & waiting_seq) const;
    WaitingRank rank(const Sequence & waiting_seq) const;
    bool waits_for_producer(Sequence & seq);
    int32_t decode_growth() const;
    int32_t take_pages(Sequence & seq);
    void start(Sequence & seq);

    // plan.cpp
    void plan_decodes();
    void plan_prefills();
    void add_row(Sequence & seq, int32_t n_tokens);

    // preempt.cpp
    bool grow(Sequence & seq);
    bool may_free(int32_t n_pages, int32_t level) const;
    Sequence * victim() const;
    void preempt(Sequence & seq);

    // commit.cpp
    void commit_row(const BatchRow & row);
    void take_result(const RowResult & result);
    void end(Sequence & seq, FinishState how);
    void stop_running(Sequence & seq);

    Sequence * find(RequestId id) const;
    void log(Decision::Kind kind, const Sequence * about, int64_t a, int64_t b);
    std::string check_integrity() const;

    SchedulerConfig config;
    PrefixCache cache;
    ProgramTable programs;
    CostModel cost;
    CostFit fit;
    DecisionSink * sink = nullptr;
    std::unordered_map<RequestId, std::unique_ptr<Sequence>> sequences;  // looked up, never walked for a decision
    std::vector<Sequence *> waiting;
    std::vector<Sequence *> running;
    std::set<SlotId> free_slots;
    struct Ended {
        FinishState how;
        RequestUsage usage;
    };
    std::map<RequestId, Ended> ended;  // since the last schedule()

    Batch batch;
    bool in_flight = false;  // between schedule() and commit()
    StepShape shape;         // of the batch
    Micros now = 0, scheduled = 0, wake = kNever, retry_after = 0;
    uint64_t next_arrival = 1, next_admission = 1;
    SchedulerStats counters;
};

/** The order of running sequences: who computes first, and, from behind, who is preempted first. */
inline bool runs_before(const Sequence * a, const Sequence * b) {
    return a->level != b->level ? a->level < b->level : a->admission < b->admission;
}

}  // namespace banyan
