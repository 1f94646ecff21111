// The scheduler's state and the parts of its policy. Private to the files named below.
//
//   submit -> waiting --admission--> running (prefill chunks, then decodes: plan) --commit--> ended
//                ^------preempt---------'
//
// Owns: every sequence, the cache, the programs, what was learned about tools and costs, the batch under way.
// Changed by: the methods of Scheduler.
// Thread: the engine thread.
// Invariant: a protected sequence (preempted kMaxPreemptions times) runs only with all its pages promised, so it needs
// nobody's pages again; everybody else can be preempted. Hence there is always a victim, and always an end to victims.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/admission-window.h"
#include "core/ahead-queue.h"
#include "core/cost-fit.h"
#include "core/prefix-cache.h"
#include "core/program-table.h"
#include "core/scheduler.h"
#include "core/sequence.h"
#include "core/tenant-table.h"
#include "core/tool-times.h"
#include "core/turn-correlation.h"
#include "core/waiting-queue.h"
#include "core/waiting-rank.h"

namespace banyan {

constexpr int32_t kMaxPreemptions = 3;
constexpr int32_t kDedupeTokens = 32;  // waiting for another's prefill pays from here on (or from one page)

struct Scheduler::Impl {
    explicit Impl(const SchedulerConfig & given);

    // arrival.cpp: a request comes in, its program may come back with it
    SubmitError refuse(const Request & request);
    SubmitError take(Request request);
    void enter_program(Sequence & seq, const Request & request);
    void enqueue(Sequence & seq);
    void dequeue(Sequence & seq);
    Micros predict_first_token(Class cls, int32_t n_uncached, int32_t n_cached) const;

    // rank.cpp: who goes first
    int32_t level(const Sequence & waiting_seq) const;
    int32_t service_level(const Sequence & waiting_seq) const;
    bool overdue(const Sequence & waiting_seq) const;
    WaitingRank rank(const Sequence & waiting_seq) const;

    // together.cpp: starting later, together with others
    bool holds_for_group();
    bool holds_for_company();

    // admission.cpp: who may start now
    void admit();
    bool could_admit() const;
    bool unmovable(const Sequence & seq) const;
    int32_t max_unmovable() const;
    int32_t group_size() const;
    bool may_pass(const Sequence & head, const Sequence & seq) const;
    bool try_admit(Sequence & seq, bool at_the_cost_of_others);
    int32_t decode_growth() const;
    int32_t take_pages(Sequence & seq);
    void start(Sequence & seq);
    void count_losses(const Sequence & seq);

    // dedupe.cpp: who waits for another's prefill
    bool still_waits(const Sequence & seq) const;
    bool waits_for_producer(Sequence & seq);

    // gate.cpp: which programs are active
    Door door(const Sequence & seq) const;
    bool passes_gate(const Sequence & seq) const;
    int32_t expected_pages(const Sequence & seq) const;
    int64_t demand() const;
    void activate(Sequence & seq);
    void deactivate(Program & program);
    void count_demand(Program & program);
    int32_t private_pages(const Program & program) const;
    void pause(Program & program);
    void tick();
    bool may_pause(Class cls) const;
    void pause_some();

    // turn.cpp: a program's call ends, its pages are kept for a time
    void end_turn(Sequence & seq);
    void mark_path(Program & program, const Sequence & seq);
    void retain(Program & program);
    int32_t idle_pages(const Program & program);
    bool over_high() const;
    void end_retention();
    void end_program(Program & program);
    void set_keep(Program & program, NodeKind keep);

    // hints.cpp
    HintError take_hint(ProgramId id, const Hint & hint);
    void near(Program & program);

    // ahead.cpp: known next prompts, while nobody is there
    void note_next(Program & program, const Hint & hint);
    void forget_next(Program & program);
    int32_t ahead_tokens(int32_t n_past, int32_t n_tokens) const;
    void plan_ahead();
    void commit_ahead(bool failed);

    // plan.cpp, prefill-budget.cpp
    void plan_decodes();
    void plan_prefills();
    static BatchRow row_of(const BlockTable & table, const std::vector<Token> & tokens, int32_t n_tokens, SlotId slot);
    void add_row(Sequence & seq, int32_t n_tokens);
    int32_t min_prefill() const;
    int32_t prefill_level(const Sequence & running_seq) const;
    Micros short_step(int32_t n_empty) const;
    Micros alert_target() const;
    int32_t within(int32_t n_past, int32_t n_tokens, const StepShape & planned, Micros target, int32_t tile) const;
    int32_t affordable(const Sequence & seq, int32_t n_tokens, int32_t n_planned, const StepShape & planned,
                       Micros target) const;

    // preempt.cpp
    bool grow(Sequence & seq);
    bool may_free(int32_t n_pages, int32_t level) const;
    Sequence * victim() const;
    Sequence * victim_of_class() const;
    void preempt(Sequence & seq, RequestId in_favour_of);

    // commit.cpp
    void commit_row(const BatchRow & row);
    void take_result(const RowResult & result);
    void end(Sequence & seq, FinishState how);
    void stop_running(Sequence & seq, bool abandon = false);

    Sequence * find(RequestId id) const;
    void log(Decision::Kind kind, const Sequence * about, int64_t a, int64_t b);
    void log(Decision::Kind kind, const Program & about, int64_t a, int64_t b);
    void log_evictions();
    std::string check_integrity() const;

    const PolicyConfig & policy() const { return config.policy; }
    bool fcfs() const { return config.policy.order == Order::fcfs; }

    SchedulerConfig config;
    CostModel cost;
    CostFit fit;
    PrefixCache cache;
    ProgramTable programs;
    TenantTable tenants;
    ToolTable tools;
    TurnCorrelation turns;
    AdmissionWindow window;
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
    StepShape shape;  // of the batch
    struct Ahead {
        KnownPrefix known;
        std::unique_ptr<Holding> holding;
        bool wanted;  // its program still begins so
    };
    std::unique_ptr<Ahead> computing;  // what the batch is about when it is nobody's request
    AheadQueue ahead;
    uint64_t next_known = 1;
    bool in_flight = false;  // between schedule() and commit()
    Micros now = 0, scheduled = 0, wake = kNever, retry_after = 0, next_tick = 0;
    uint64_t next_arrival = 1, next_admission = 1;
    std::array<int32_t, kClasses> n_waiting{};         // by own class
    std::array<int64_t, kClasses> uncached_waiting{};  // prompt tokens of theirs that were not cached when they came
    Micros step_target = kNever;                       // longest_step, or the least of those who decode in this step
    int32_t n_unmovable = 0;                           // running, not interactive, and nobody can take their slot
    int32_t n_lifted = 0;                              // running at a better level than their class
    int64_t least_backlogged = 0;                      // tenant service, at this step
    Micros last_interactive = -kNever;                 // when an interactive call came last
    Micros last_arrival = 0;
    int32_t company = 0;  // thousandths of first calls that another one followed within what a step saves
    PromptKey last_started;
    bool last_was_first = false;               // the last call found nothing running or waiting
    bool lifts_blocked = false;                // in this look: a call above its class found no room
    Micros call_time = 0, admission_wait = 0;  // with a slot; without: smoothed over calls
    int32_t eta = 1000;                        // of turns
    int32_t output_length = 0;                 // tokens, smoothed over calls
    uint64_t tick_tokens = 0, tick_hits = 0;   // counters at the last tick
    std::array<uint64_t, kNodeKinds> logged_evictions{};
    SchedulerStats counters;
};

/** The order of running sequences: who computes first, and, from behind, who is preempted first. */
inline bool runs_before(const Sequence * a, const Sequence * b) {
    return a->level != b->level ? a->level < b->level : a->admission < b->admission;
}

/** A smoothed mean of integers: an eighth of the new value. */
template <typename T>
void smooth(T & mean, T value) {
    mean += (value - mean) / 8;
}

}  // namespace banyan
