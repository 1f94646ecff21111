#include "core/scheduler.h"

#include <algorithm>
#include <stdexcept>

#include "core/scheduler-impl.h"

namespace banyan {

namespace {

/** The configuration itself, if it is one to work with. */
const SchedulerConfig & checked(const SchedulerConfig & config) {
    if (const auto wrong = validate(config))
        throw std::invalid_argument(std::string(wrong->field) + " " + wrong->reason);
    return config;
}

}  // namespace

Scheduler::Impl::Impl(const SchedulerConfig & given)
    : config(checked(given)),
      cost(given.policy.cost),
      cache(given.n_pages, given.page_tokens),
      tools(given.policy.tool_samples),
      window(config.policy) {
    if (!config.batching) config.max_running = 1;
    const int32_t capacity = config.n_pages * config.page_tokens;
    config.max_context = config.max_context > 0 ? std::min(config.max_context, capacity) : capacity;
    cache.configure(config.policy.eviction, &cost);
    for (SlotId slot = 0; slot < config.max_running; ++slot) free_slots.insert(slot);
}

Scheduler::Scheduler(const SchedulerConfig & config) : impl_(std::make_unique<Impl>(config)) {}
Scheduler::~Scheduler() = default;

Sequence * Scheduler::Impl::find(RequestId id) const {
    const auto it = sequences.find(id);
    return it == sequences.end() ? nullptr : it->second.get();
}

void Scheduler::Impl::log(Decision::Kind kind, const Sequence * about, int64_t a, int64_t b) {
    ++counters.decisions[static_cast<size_t>(kind)];
    if (!sink) return;
    const bool of_program = about && !about->program->anonymous;
    sink->record({now, kind, about ? about->id : 0, of_program ? about->program->program : 0, a, b});
}

void Scheduler::Impl::log(Decision::Kind kind, const Program & about, int64_t a, int64_t b) {
    ++counters.decisions[static_cast<size_t>(kind)];
    if (sink) sink->record({now, kind, 0, about.program, a, b});
}

/** Pages evicted since the last time, by what they were. */
void Scheduler::Impl::log_evictions() {
    const auto & evicted = cache.evicted();
    for (size_t kind = 0; kind < evicted.size(); ++kind) {
        const uint64_t n_pages = evicted[kind] - logged_evictions[kind];
        if (n_pages > 0) log(Decision::Kind::evict, nullptr, static_cast<int64_t>(n_pages), static_cast<int64_t>(kind));
    }
    logged_evictions = evicted;
}

SubmitError Scheduler::submit(Request request, Micros now) {
    impl_->now = std::max(impl_->now, now);
    return impl_->take(std::move(request));
}

bool Scheduler::cancel(RequestId id, Micros now) {
    Impl & s = *impl_;
    s.now = std::max(s.now, now);
    Sequence * seq = s.find(id);
    if (!seq || seq->cancelled) return false;
    const bool computing = s.in_flight && std::any_of(s.batch.rows.begin(), s.batch.rows.end(),
                                                      [&](const BatchRow & row) { return row.request == id; });
    if (computing) {
        seq->cancelled = true;  // the runner reads its tokens and pages until commit()
    } else {
        s.end(*seq, FinishState::cancelled);
    }
    return true;
}

const Batch & Scheduler::schedule(Micros now) {
    Impl & s = *impl_;
    s.now = std::max(s.now, now);
    if (s.in_flight) return s.batch;
    s.ended.clear();
    s.shape = {};
    s.wake = kNever;
    s.scheduled = s.now;
    s.cache.expire(s.now);
    s.end_retention();
    s.tick();
    if (s.holds_for_company()) return s.batch;
    if (s.sequences.empty()) s.plan_ahead();
    uint64_t preempted;
    do {
        preempted = s.counters.preemptions;
        s.admit();
        s.plan_decodes();
        s.plan_prefills();
        // Whoever was preempted in vain left room: no step is empty while somebody could run.
    } while (s.batch.empty() && s.counters.preemptions != preempted);
    s.in_flight = !s.batch.empty();
    s.log_evictions();
    if (s.in_flight) s.log(Decision::Kind::plan, nullptr, s.shape.prefill, s.shape.decodes);
    return s.batch;
}

int32_t Scheduler::pin(Salt salt, const std::vector<Token> & tokens, Micros expires, uint64_t * pin_id) {
    uint64_t unwanted = 0;
    return impl_->cache.pin(salt, tokens, expires, pin_id ? pin_id : &unwanted);
}

bool Scheduler::unpin(uint64_t pin_id) {
    return impl_->cache.unpin(pin_id);
}

int32_t Scheduler::clear_cache() {
    return impl_->cache.clear();
}

bool Scheduler::idle() const {
    return impl_->sequences.empty() && impl_->ahead.empty() && !impl_->computing;
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

MissExplanation Scheduler::explain(Salt salt, const std::vector<Token> & tokens) const {
    if (impl_->config.prefix_reuse) return impl_->cache.explain(salt, tokens);
    MissExplanation why;
    why.prompt_tokens = static_cast<int32_t>(tokens.size());
    why.actual = tokens.empty() ? -1 : tokens.front();
    why.reason = MissExplanation::Reason::reuse_off;
    return why;
}

Micros Scheduler::wake_at() const {
    return impl_->wake;
}

HintError Scheduler::hint(ProgramId program, const Hint & hint, Micros now) {
    impl_->now = std::max(impl_->now, now);
    return impl_->take_hint(program, hint);
}

std::optional<ProgramReport> Scheduler::program(ProgramId id) const {
    const ProgramReport * report = impl_->programs.report(id);
    return report ? std::optional<ProgramReport>(*report) : std::nullopt;
}

Micros Scheduler::retry_after() const {
    return impl_->retry_after;
}

const CostModel & Scheduler::cost() const {
    return impl_->cost;
}

void Scheduler::log_to(DecisionSink * sink) {
    impl_->sink = sink;
}

SchedulerStats Scheduler::stats() const {
    const Impl & s = *impl_;
    SchedulerStats stats = s.counters;
    stats.pages_total = s.cache.pool().n_pages();
    stats.pages_free = s.cache.pool().n_free();
    stats.pages_used = stats.pages_total - stats.pages_free;
    stats.pages_cached = s.cache.pool().n_cached();
    stats.pages_pinned = s.cache.pool().n_pinned();
    stats.waiting = static_cast<int32_t>(s.waiting.size());
    stats.running = static_cast<int32_t>(s.running.size());
    stats.tree_nodes = s.cache.tree().n_nodes();
    stats.pages_evicted = s.cache.pages_evicted();
    stats.programs = s.programs.size();
    stats.programs_active = s.programs.n_active();
    stats.programs_paused = s.programs.n_paused();
    stats.window = s.window.size();
    stats.demand_pages = static_cast<int32_t>(s.demand());
    stats.eta = s.eta;
    return stats;
}

std::string Scheduler::check_integrity() const {
    return impl_->check_integrity();
}

}  // namespace banyan
