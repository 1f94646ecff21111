// What the scheduler's owners have in common: the requests, the cache, the programs, the time, and the order of calls.
// Private to the files named below and to admission-round.
//
//   submit -> backlog --admission round--> running (chunks of the prompt, then decodes: plan) --commit--> ended
//                ^------ preempt ------------'
//
// Owns: every sequence, the cache, the programs, and one of each owner, which keeps its own state.
// Changed by: the methods of Scheduler.
// Thread: the engine thread.
// Invariant: a sequence is either in the backlog or in the running set. See running-set.h for why no request waits for
// a page for ever.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/activity/demand.h"
#include "core/activity/gate.h"
#include "core/activity/idle-programs.h"
#include "core/costs/cost-fit.h"
#include "core/memory/prefix-cache.h"
#include "core/policy/decision-log.h"
#include "core/programs/program-table.h"
#include "core/programs/tenant-table.h"
#include "core/requests/backlog.h"
#include "core/requests/running-set.h"
#include "core/requests/sequence.h"
#include "core/scheduler/first-token-forecast.h"
#include "core/scheduler/scheduler.h"
#include "core/steps/coalescer.h"
#include "core/steps/lookahead.h"
#include "core/steps/step-pace.h"
#include "core/steps/step.h"
#include "core/tiers/known-paths.h"
#include "core/tiers/stores.h"

namespace banyan {

struct Scheduler::Impl {
    explicit Impl(const SchedulerConfig & given);

    // scheduler.cpp
    void set_now(Micros time);
    void admit();
    bool has_slot_to_take() const;
    std::optional<TenantId> crowd() const;
    void log_evictions();

    // arrival.cpp: a request comes in, its program may come back with it
    SubmitError why_unsound(const Request & request) const;
    bool is_too_late(const Request & request, int32_t n_uncached, Micros & foretold);
    SubmitError accept(Request request);
    void enter_program(Sequence & seq, const Request & request);

    // lifecycle.cpp: a request starts, is stopped for others, ends
    void start(Sequence & seq, EffectiveClass effective_class);
    void count_hits(const Sequence & seq);
    void count_hits_by_tier(Sequence & seq);
    void stop(Sequence & seq, bool abandon = false);
    void preempt(Sequence & seq, RequestId in_favour_of);
    void end(Sequence & seq, FinishState how);
    void leave_program(Sequence & seq);

    // state-saves.cpp: states of recurrent layers
    bool pays(int32_t from, int32_t to) const;
    void plan_stops(Sequence & seq);
    std::optional<NodeKind> saves_at(const Sequence & seq, int32_t end) const;
    void add_to_step(Sequence & seq, int32_t n_tokens);
    void save_state(Sequence & seq, NodeKind kind, NodeKind most = NodeKind::fixed);
    void save_end(Sequence & seq);
    void undo_states(const StepResult & result);
    void lose_states(const std::set<StateId> & lost, const std::function<bool(const Sequence &)> & is_torn);
    void restart(Sequence & seq);

    // apply-hint.cpp
    HintError apply_hint(ProgramId id, const Hint & hint);
    void abandon_branch(Program * program, const Hint & hint);
    void mark_next_prompt(Program * program, const Hint & hint);

    // tier-moves.cpp: pages that are kept outside the pool
    LoadWish wish_of(Sequence & seq);
    bool waits_for_load(Sequence & seq, int32_t n_needed, int32_t kept_back);
    const Sequence * ahead_with_pages(const Sequence & seq);
    void settle_loads();
    bool make_way(EffectiveClass cls, RequestId in_favour_of);
    void leave_load(Sequence & seq);
    void note(const std::vector<EndedLoad> & ended);
    void store(Sequence & seq, int32_t n_tokens, ColdKind kind, StoreReason reason);
    void store_turn(Sequence & seq);
    void prefetch(Program * program, Salt salt, const std::optional<PageKey> & root, const std::vector<Token> & tokens);
    void prefetch_path(Program & program);
    void prefetch_foretold();
    void explain_kept(MissExplanation & why, Salt salt, const std::vector<Token> & tokens,
                      const std::optional<PageKey> & root) const;
    void set_alarm(Program & program, Micros back);
    void ring_alarms();

    // plan.cpp: what goes into the step
    std::vector<Sequence *> ready_to_decode() const;
    Micros let_others_begin(std::vector<Sequence *> & ready) const;
    Micros plan_decodes();
    void plan_prefills(Micros step_target);
    bool find_next_cells(Sequence & seq, int32_t n_tokens);

    // plan-drafts.cpp: what the requests may say next
    struct Drafted {
        Sequence * seq;
        int32_t most;  // drafts that it may have
        Draft draft;
        bool has_cells = false;  // for `most` drafts
    };
    void plan_drafts(Micros target);
    void ask_model(std::vector<Drafted> & drafted, const DraftStep & about);
    void check_drafts(const std::vector<Drafted> & drafted, const DraftStep & about);
    int32_t extend(Sequence & seq, int32_t n_drafts);
    DraftStep draft_step(Micros target) const;
    bool only_decodes() const;
    void learn_from_drafts(Micros took, int64_t foretelling);
    DraftQuery query_of(const Sequence & seq, const std::vector<Token> & ahead) const;

    // commit.cpp: what came out of it
    void commit_row(const BatchRow & row);
    void take_result(const RowResult & result);

    // snapshot.cpp
    WaitsFor waits_for(const Sequence & seq) const;
    RequestRow row_of(const Sequence & seq, Micros at) const;

    std::string check_integrity() const;

    Sequence * find(RequestId id) const;
    const PolicyConfig & policy() const { return config.policy; }
    void write_about(const Sequence & seq, decision::What what) {
        decisions.write(seq.id, seq.named_program(), std::move(what));
    }

    SchedulerConfig config;
    CostModel cost;
    CostFit fit;
    PrefixCache cache;
    ProgramTable programs;
    TenantTable tenants;
    DecisionLog decisions;
    ColdIndex cold;
    ColdStates cold_states;
    Loads loads;
    std::vector<RequestId> brought;  // that wait to start, with pages that a load brought; some may have left
    Stores stores;
    KnownPaths paths;
    std::deque<std::vector<Token>> foretold;  // paths that a new engine is likely to be asked for, likeliest first
    std::optional<PageKey> foretold_root;
    int64_t foretold_left = 0, foretold_now = 0;    // pages of those paths, and of the one before them, which is read
    std::set<std::pair<Micros, ProgramId>> alarms;  // when pages of a program are to be loaded

    std::unordered_map<RequestId, std::unique_ptr<Sequence>> sequences;  // looked up, never walked for a decision
    struct Ended {
        FinishState how;
        RequestUsage usage;
    };
    std::map<RequestId, Ended> ended;  // since the last schedule()

    Backlog backlog;
    RunningSet running;
    Demand demand;
    StepPace pace;
    Lookahead lookahead;
    IdlePrograms idle;
    Gate gate;
    Coalescer coalescer;
    FirstTokenForecast forecast;
    Step step;
    Drafting drafting;

    Micros now = 0, wake = kNever, retry_after = 0;
    uint64_t next_arrival = 1, next_admission = 1;
    PromptKey last_started;
    std::array<uint64_t, kNodeKinds> logged_evictions{}, logged_states{};
    SchedulerStats counters;
};

}  // namespace banyan
