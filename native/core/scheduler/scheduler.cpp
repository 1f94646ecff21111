#include "core/scheduler/scheduler.h"

#include <algorithm>
#include <stdexcept>

#include "core/scheduler/admission-round.h"
#include "core/scheduler/scheduler-impl.h"

namespace banyan {

namespace {

/** The configuration with what it leaves open filled in, if it is one to work with. */
SchedulerConfig completed(SchedulerConfig config) {
    if (const auto wrong = validate(config)) {
        throw std::invalid_argument(std::string(wrong->field) + " " + wrong->reason);
    }
    if (!config.batching) config.max_running = 1;
    const int32_t capacity = config.n_pages * config.page_tokens;
    config.max_context = config.max_context > 0 ? std::min(config.max_context, capacity) : capacity;
    if (!config.prefix_reuse) config.tiers.on = false;
    if (config.n_states > 0) config.draft_tokens = DraftMode::off;
    return config;
}

/** Slots that requests may keep from interactive ones: the reserve is of slots as well as of pages. */
int32_t most_unmovable(const SchedulerConfig & config) {
    if (config.policy.is_fcfs() || config.reserve_percent == 0) return config.max_running;
    const int32_t reserved = std::max(1, config.max_running * config.reserve_percent / 100);
    return std::max(1, config.max_running - reserved);
}

bool computes_ahead(const SchedulerConfig & config) {
    return config.policy.compute_ahead && !config.policy.is_fcfs() && config.prefix_reuse;
}

}  // namespace

Scheduler::Impl::Impl(const SchedulerConfig & given)
    : config(completed(given)),
      cost(config.policy.cost),
      cache(config.n_pages, config.page_tokens, config.prefix_reuse ? config.n_states : 0),
      loads(config.tiers, cache, cold, cold_states, programs, cost, decisions),
      stores(config.tiers, cache, cold, cold_states, decisions),
      running(config.max_running, most_unmovable(config)),
      demand(config.n_pages, config.page_tokens, programs),
      pace(config.policy, cost, config.max_batch_tokens),
      lookahead(computes_ahead(config), config.max_context, cache, programs, decisions),
      idle(config.policy, cost, cache, programs, demand, lookahead, stores, decisions),
      gate(config.policy, config.reserve_percent, programs, demand, idle, decisions),
      coalescer(config.policy, cost, config.max_running, config.max_batch_tokens),
      forecast(config.policy, cost, pace, config.max_running, config.max_batch_tokens),
      drafting(config.draft_tokens, config.max_running) {
    cost.split_rows(config.n_states > 0);
    cache.configure(config.policy.eviction, &cost);
    if (config.tiers.on) cache.use_tiers();
}

Scheduler::Scheduler(const SchedulerConfig & config) : impl_(std::make_unique<Impl>(config)) {}
Scheduler::~Scheduler() = default;

Sequence * Scheduler::Impl::find(RequestId id) const {
    const auto it = sequences.find(id);
    return it == sequences.end() ? nullptr : it->second.get();
}

/** The clock that is passed in never goes back. */
void Scheduler::Impl::set_now(Micros time) {
    now = std::max(now, time);
    decisions.set_now(now);
}

/** Pages and states evicted since the last time, by what they were. */
void Scheduler::Impl::log_evictions() {
    const auto & evicted = cache.evicted();
    for (size_t kind = 0; kind < evicted.size(); ++kind) {
        const uint64_t n_pages = evicted[kind] - logged_evictions[kind];
        if (n_pages == 0) continue;
        decisions.write(0, 0, decision::Evict{static_cast<int64_t>(n_pages), static_cast<NodeKind>(kind)});
    }
    logged_evictions = evicted;
    const auto & states = cache.states_evicted();
    for (size_t kind = 0; kind < states.size(); ++kind) {
        const uint64_t n = states[kind] - logged_states[kind];
        if (n > 0) decisions.write(0, 0, decision::EvictState{static_cast<int64_t>(n), static_cast<NodeKind>(kind)});
    }
    logged_states = states;
}

SubmitError Scheduler::submit(Request request, Micros now) {
    impl_->set_now(now);
    return impl_->accept(std::move(request));
}

bool Scheduler::cancel(RequestId id, Micros now) {
    Impl & s = *impl_;
    s.set_now(now);
    Sequence * seq = s.find(id);
    if (!seq || seq->cancelled) return false;
    if (s.step.in_flight && s.step.has(id)) {
        seq->cancelled = true;  // the runner reads its tokens and pages until commit()
    } else {
        s.end(*seq, FinishState::cancelled);
    }
    return true;
}

const Batch & Scheduler::schedule(Micros now) {
    Impl & s = *impl_;
    s.set_now(now);
    if (s.step.in_flight) return s.step.batch();
    s.ended.clear();
    s.wake = kNever;
    s.step.scheduled = s.now;
    s.settle_loads();
    s.ring_alarms();
    s.cache.expire(s.now);
    s.idle.expire(s.now);
    s.gate.tick(s.now, s.backlog, s.counters.resume_tokens, s.counters.resume_hits);
    if (const auto until = s.coalescer.waits_for_another(s.backlog, s.running, s.now)) {
        s.wake = *until;
        s.write_about(s.backlog.first(), decision::Coalesce{*until, s.backlog.size()});
        return s.step.batch();
    }
    if (s.sequences.empty() && s.loads.empty()) s.lookahead.plan(s.step, s.pace, s.running.next_slot());
    uint64_t preempted;
    do {
        preempted = s.counters.preemptions;
        s.admit();
        const Micros step_target = s.plan_decodes();
        s.plan_prefills(step_target);
        s.plan_drafts(step_target);
        // A request that was preempted in vain left room: no step is empty while one could run.
    } while (s.step.empty() && s.counters.preemptions != preempted);
    s.step.in_flight = !s.step.empty();
    if (s.step.in_flight) s.step.save_before(s.cache.take_owed_saves());
    if (!s.step.in_flight) s.wake = std::min(s.wake, s.loads.next_deadline());
    s.log_evictions();
    const StepShape & shape = s.step.shape();
    if (s.step.in_flight) s.decisions.write(0, 0, decision::Plan{shape.prefill, shape.decodes});
    return s.step.batch();
}

/** Requests start, if one waits and there is a slot, or one of a worse class or a crowd that could give up its own. */
void Scheduler::Impl::admit() {
    if (backlog.empty() || (!running.has_slot() && !has_slot_to_take())) return;
    if (const auto until = coalescer.waits_for_group(backlog, running, now)) {
        if (*until < kNever) wake = *until;
        return;
    }
    AdmissionRound(*this).run();
}

bool Scheduler::Impl::has_slot_to_take() const {
    if (policy().is_fcfs() || running.empty()) return false;
    if (running.has_worse_than(backlog.best_class())) return true;
    const Tenant & most = *running.of_most_served()->tenant;
    return policy().quantum > 0 && tenants.any_may_take_slot(most, running.worst_class_of(most));
}

/**
 * The tenant that has most slots for its weight and more requests waiting, while all others that wait have clearly
 * fewer: its prompts are in no hurry, as those behind them wait anyway.
 */
std::optional<TenantId> Scheduler::Impl::crowd() const {
    const Sequence * most = policy().quantum > 0 ? running.of_most_served() : nullptr;
    const bool is_crowd = most && most->tenant->waiting > 0 && tenants.all_may_take_slot(*most->tenant);
    return is_crowd ? std::optional(most->tenant_id) : std::nullopt;
}

int32_t Scheduler::pin(Salt salt, const std::vector<Token> & tokens, Micros expires, uint64_t * pin_id, double most) {
    uint64_t unwanted = 0;
    const auto most_pages = static_cast<int32_t>(most * impl_->cache.pool().n_pages());
    return impl_->cache.pin(salt, tokens, expires, pin_id ? pin_id : &unwanted, most_pages);
}

bool Scheduler::unpin(uint64_t pin_id) {
    return impl_->cache.unpin(pin_id);
}

int32_t Scheduler::clear_cache() {
    return impl_->cache.clear();
}

bool Scheduler::idle() const {
    return impl_->sequences.empty() && impl_->lookahead.empty();
}

FinishState Scheduler::state(RequestId id) const {
    if (const Sequence * seq = impl_->find(id)) {
        return seq->cancelled ? FinishState::cancelled : seq->running() ? FinishState::running : FinishState::waiting;
    }
    const auto it = impl_->ended.find(id);
    return it == impl_->ended.end() ? FinishState::unknown : it->second.how;
}

const RequestUsage * Scheduler::usage(RequestId id) const {
    if (const Sequence * seq = impl_->find(id)) return &seq->usage;
    const auto it = impl_->ended.find(id);
    return it == impl_->ended.end() ? nullptr : &it->second.usage;
}

int32_t Scheduler::prefilled(RequestId id) const {
    const Sequence * seq = impl_->find(id);
    return seq ? std::min(seq->computed(), seq->n_prompt) : 0;
}

MissExplanation Scheduler::explain(Salt salt, const std::vector<Token> & tokens,
                                   const std::optional<PageKey> & root) const {
    MissExplanation why;
    if (impl_->config.prefix_reuse) {
        why = impl_->cache.explain(salt, tokens);
        impl_->explain_kept(why, salt, tokens, root);
        return why;
    }
    why.prompt_tokens = static_cast<int32_t>(tokens.size());
    why.actual = tokens.empty() ? -1 : tokens.front();
    why.reason = MissExplanation::Reason::reuse_off;
    return why;
}

Micros Scheduler::wake_at() const {
    return impl_->wake;
}

HintError Scheduler::hint(ProgramId program, const Hint & hint, Micros now) {
    impl_->set_now(now);
    return impl_->apply_hint(program, hint);
}

std::optional<ProgramReport> Scheduler::program(ProgramId id) const {
    const ProgramReport * report = impl_->programs.report(id);
    return report ? std::optional<ProgramReport>(*report) : std::nullopt;
}

std::optional<Retention> Scheduler::retention(ProgramId id) const {
    Impl & s = *impl_;
    const Program * p = s.programs.find(id);
    const auto leaves = [p](const Sequence * seq) { return seq->program == p && seq->cancelled; };
    if (p && p->live > 0 && std::count_if(s.running.begin(), s.running.end(), leaves) == p->live) {
        return s.idle.retention(*p, s.backlog.size());
    }
    const ProgramReport * report = s.programs.report(id);
    return report ? std::optional<Retention>(report->retention) : std::nullopt;
}

Micros Scheduler::retry_after() const {
    return impl_->retry_after;
}

const CostModel & Scheduler::cost() const {
    return impl_->cost;
}

void Scheduler::draft_by(DraftSource & source) {
    impl_->drafting.draft_by(source);
}

void Scheduler::add_draft_model(DraftModel & model, const CostConstants & cost) {
    if (impl_->drafting.on()) impl_->drafting.add_model(model, cost);
}

Micros Scheduler::drafting_time() const {
    return impl_->drafting.spent();
}

void Scheduler::log_to(DecisionSink * sink) {
    impl_->decisions.write_to(sink);
}

SchedulerStats Scheduler::stats() const {
    const Impl & s = *impl_;
    const PagePool & pool = s.cache.pool();
    SchedulerStats stats = s.counters;
    stats.pages_total = pool.n_pages();
    stats.pages_free = pool.n_free();
    stats.pages_used = stats.pages_total - stats.pages_free;
    stats.pages_cached = pool.n_cached();
    stats.pages_pinned = pool.n_pinned();
    stats.waiting = s.backlog.size();
    stats.running = s.running.size();
    stats.states_total = s.cache.states().n_states();
    stats.states_used = stats.states_total - s.cache.states().n_free();
    for (const uint64_t n : s.cache.states_evicted()) stats.states_evicted += n;
    stats.tree_nodes = s.cache.tree().n_nodes();
    stats.pages_evicted = s.cache.pages_evicted();
    stats.programs = s.programs.size();
    stats.programs_active = s.programs.n_active();
    stats.programs_paused = s.programs.n_paused();
    stats.window = s.gate.window();
    stats.demand_pages = static_cast<int32_t>(s.demand.pages());
    stats.service_tells_end = s.idle.service_tells_end();
    stats.draft_saved = s.drafting.saved() / 1000;
    stats.draft_rest = s.drafting.rest();
    stats.draft_model_rest = s.drafting.model_rest();
    stats.pages_host = s.cold.size(Tier::host);
    stats.pages_disk = s.cold.size(Tier::disk);
    stats.pages_loading = s.loads.n_reading();
    stats.pages_storing = s.stores.n_writing();
    stats.pages_loaded = s.loads.n_loaded();
    stats.pages_late = s.loads.n_late();
    stats.pages_stored = s.stores.n_stored();
    stats.pages_prefetched = s.loads.prefetched().n_pages();
    stats.prefetched_used = s.loads.prefetched().n_used();
    stats.foretold_left = s.foretold_left;
    stats.states_disk = s.cold_states.size();
    stats.states_read = s.loads.n_states_loaded();
    stats.states_stored = s.stores.n_states_stored();
    stats.decisions = s.decisions.counts();
    return stats;
}

std::string Scheduler::check_integrity() const {
    return impl_->check_integrity();
}

}  // namespace banyan
