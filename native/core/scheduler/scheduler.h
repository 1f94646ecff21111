// Decides, step by step, which tokens of which requests go through the model, and where their KV lives.
//
// Owns: every request's sequence and the prefix cache (page pool + radix tree).
// Changed by: submit, cancel, hint, schedule, commit, pin, unpin, clear_cache; nothing else. Queries are const.
// Thread: one (the engine thread). No clock of its own: `now` never decreases between calls.
// Invariant: deterministic: same calls with the same arguments give the same batches. See check_integrity().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/costs/cost-model.h"
#include "core/memory/explain.h"
#include "core/policy/decision-log.h"
#include "core/policy/policy.h"
#include "core/policy/stats.h"
#include "core/programs/hint.h"
#include "core/programs/report.h"
#include "core/scheduler/snapshot.h"
#include "core/steps/batch.h"
#include "core/tiers/tier-work.h"
#include "core/types.h"
#include "core/verify/drafting.h"

namespace banyan {

struct SchedulerConfig {
    int32_t n_pages = 0;             // pages in the pool, >= 1
    int32_t page_tokens = 32;        // tokens a page
    int32_t max_running = 8;         // requests with a slot at the same time, [1, 4096]
    int32_t max_batch_tokens = 512;  // tokens a step (prefill + decode)
    int32_t max_context = 0;         // tokens a request may reach (prompt + output); 0 = the whole pool
    int32_t reserve_percent = 10;    // share of the pages that only class interactive may take at admission
    int32_t n_states = 0;            // states of recurrent layers that can be saved; 0: the model has none
    int32_t state_every = 8192;      // tokens of a prompt after which one is saved where a row is to spare; 0: never
    bool small_states = false;       // one is no larger than a page: it is saved wherever a chunk of a prompt ends
    bool prefix_reuse = true;        // false: every request computes its whole prompt
    bool batching = true;            // false: one request at a time (the naive baseline)
    PolicyConfig policy;
    DraftMode draft_tokens = DraftMode::off;  // not with recurrent layers, whose state cannot go back
    TierConfig tiers;  // whether pages, and states of recurrent layers, are kept outside the pool
};

/** What is wrong with a configuration: the field and why. */
struct ConfigError {
    const char * field;
    std::string reason;
};

/** The first thing that is wrong; nullopt: nothing. Scheduler takes only configurations that pass. */
std::optional<ConfigError> validate(const SchedulerConfig & config);

struct Request {
    RequestId id = 0;
    std::vector<Token> prompt;  // [1, max_context)
    int32_t max_output = 0;     // tokens at most; 0 = until max_context
    Class cls = Class::interactive;
    ProgramId program = 0;
    Salt salt = 0;
    bool cache = true;    // false: neither match nor insert
    bool scored = false;  // the logits of every prompt token are wanted, so none is taken from the cache
    bool drafts = true;   // false: no token is drafted for it
    TenantId tenant = 0;
    int32_t tenant_weight = 1;  // [1, kMostTenantWeight]: of the tenant, from this request on
    Micros deadline = kNever;   // point in time: among equals the earliest goes first; a late request still runs
    Micros ttft_limit = 0;   // span: refuse (backpressure) when the first token is predicted to come later; 0 = never
    GroupId group = 0;       // siblings of one fork: the last of them to run is hurried, so that the join can go on
    int32_t group_size = 0;  // how many siblings the group has
    int32_t static_tokens = 0;    // the prompt's first tokens that are system prompt and tools: evicted last
    std::optional<PageKey> root;  // the key before the prompt's first page; nullopt: no tier keeps pages of it
    bool durable = false;         // its session is journaled: its pages are kept in a tier, as its prompt is computed and at its end
    int32_t boundary = 0;         // the prompt's first tokens with which the next one begins in any case; 0: unknown
};

enum class SubmitError : uint8_t { none, empty_prompt, prompt_too_long, duplicate_id, bad_option, backpressure };

/** Where a request is, or what became of it (known until the next schedule()). */
enum class FinishState : uint8_t { running, waiting, finished, cancelled, unknown };

class Scheduler {
  public:
    /** Throws std::invalid_argument for a configuration that does not validate(). */
    explicit Scheduler(const SchedulerConfig & config);
    ~Scheduler();
    Scheduler(const Scheduler &) = delete;
    Scheduler & operator=(const Scheduler &) = delete;

    /** Takes a request, or says why it never could run. Never throws for a bad request. */
    SubmitError submit(Request request, Micros now);
    /** After `backpressure`: the span after which the same request would probably be taken. */
    Micros retry_after() const;

    /** Something about a program that helps to plan ahead. Bad hints are refused and change nothing. */
    HintError hint(ProgramId program, const Hint & hint, Micros now);

    /**
     * Drops a request in whatever state; its unshared pages are free before the next schedule() (at commit() when its
     * row is being computed: the runner still reads its tokens and pages). False: unknown.
     */
    bool cancel(RequestId id, Micros now);

    /**
     * The next step; empty only when idle(), or when what waits is better started together with what is about to come:
     * then wake_at() says when to call again. A batch with rows must be committed before the next schedule().
     */
    const Batch & schedule(Micros now);
    /** After an empty batch: when to call schedule() again, unless something happens before. kNever: when it does. */
    Micros wake_at() const;

    /**
     * Takes in what the step gave: counts computed tokens, appends sampled ones, ends finished requests. A request
     * also ends at its own token limit, without an appended token, and when its sampled row has no result.
     */
    void commit(const StepResult & result, Micros now);

    /**
     * Keeps the pages of the longest cached prefix of `tokens` from eviction until `expires`, as far as pages promised
     * to running requests allow, and the pins of this salt hold at most this part of all pages. Returns tokens pinned
     * (0: pin_id is 0). When a request could run only on pinned pages and nothing else runs, pins are broken, the one
     * that expires first before others: no request ever hangs on a pin.
     */
    int32_t pin(Salt salt, const std::vector<Token> & tokens, Micros expires, uint64_t * pin_id, double most = 1);
    bool unpin(uint64_t pin_id);

    /** Drops every unlocked, unpinned cached page. Returns pages freed. */
    int32_t clear_cache();

    // What is kept outside the pool. All of it also in the midst of a step.

    /** Pages that a tier has or has lost. */
    void take_news(const ColdNews & news, Tier tier);
    /** Paths below this root that requests of no tenant are likely to begin with: read while nothing else is. */
    void foretell(const PageKey & root, std::vector<std::vector<Token>> paths);
    /** Saved states that the disk has or has lost. */
    void take_state_news(const ColdNews & news);
    /**
     * What is to be read and written now; to be asked for after each schedule(), place() and written(). Loads that are
     * whole end with it.
     */
    TierWork take_tier_work(Micros now);
    /**
     * A read has ended, at this time: a step may have run since. Its bytes go into the page that this returns before
     * any other call; nowhere, if they are not sound or no request waits for them any more.
     */
    TierPlace place(TierJob job, ReadEnd how, Micros ended);
    /** A write has ended; kept: well. */
    void written(TierJob job, bool kept);
    /**
     * Between steps: states that are to be saved at the head of the next one, if there is one, may as well be saved
     * now. Then end_saves() says which could not be.
     */
    std::vector<StateCopy> take_owed_saves();
    void end_saves(const std::vector<StateCopy> & saves, const std::vector<StateId> & lost, Micros now);
    /** The engine is about to close: paths that programs may go on from are written, as far as the caller waits. */
    void store_all();
    /** Writes are wanted or under way. */
    bool is_storing() const;
    /** When schedule() is to be called though nothing waits: pages are due, or late. kNever: not. */
    Micros alarm() const;

    /** Nothing is waiting or running. */
    bool idle() const;
    FinishState state(RequestId id) const;

    /** Usage of a live request, or of one that ended since the last schedule(). nullptr: unknown. */
    const RequestUsage * usage(RequestId id) const;

    /** How many tokens of its prompt are computed; 0 while it waits, and of one that has ended. */
    int32_t prefilled(RequestId id) const;

    /** How many tokens of `tokens` a request would find cached now, and why not more. */
    MissExplanation explain(Salt salt, const std::vector<Token> & tokens,
                            const std::optional<PageKey> & root = std::nullopt) const;

    SchedulerStats stats() const;
    /** What is held and what waits, for eyes. Changes nothing. */
    Snapshot snapshot(const SnapshotLimits & limits, Micros now) const;
    /** nullopt: unknown, or forgotten since it ended. */
    std::optional<ProgramReport> program(ProgramId program) const;
    /**
     * How long its pages are kept after its last call, and why. In the midst of a step that computes nothing else of it
     * than cancelled calls: as it would be decided now. nullopt: as of program().
     */
    std::optional<Retention> retention(ProgramId program) const;
    const CostModel & cost() const;

    /** It is of use to know what is likely to come next of the request; else RowResult::likely may stay empty. */
    bool checks_drafts(RequestId id) const;

    /** Who drafts from now on, in place of the scheduler's own drafter; outlives the scheduler. */
    void draft_by(DraftSource & source);

    /**
     * A second model drafts too, where drafts are on. cost: of its steps. It is called within schedule(), and outlives
     * the scheduler.
     */
    void add_draft_model(DraftModel & model, const CostConstants & cost);
    /** Between schedule() and commit(): of the time since the call of schedule(), what that model took. */
    Micros drafting_time() const;

    /** Where decisions are written from now on; nullptr: nowhere. Outlives the scheduler, or is taken back before. */
    void log_to(DecisionSink * sink);

    /** Empty when every structure is consistent, else the first violation in words. */
    std::string check_integrity() const;

  private:
    friend class AdmissionRound;
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace banyan
