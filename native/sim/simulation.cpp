#include "sim/simulation.h"

#include <algorithm>
#include <chrono>

namespace banyan::sim {

namespace {

constexpr size_t kMostViolations = 20;

/** With a disk pages are kept there, and what it takes is believed at first. */
SchedulerConfig with_disk(SchedulerConfig scheduler, const DiskModel & disk) {
    scheduler.tiers.on = disk.pages > 0;
    if (!scheduler.tiers.on) return scheduler;
    scheduler.tiers.first = disk.latency;
    scheduler.tiers.page = disk.page;
    scheduler.tiers.state_pages = disk.state_pages;
    return scheduler;
}

int32_t nanoseconds_since(std::chrono::steady_clock::time_point start) {
    const auto spent = std::chrono::steady_clock::now() - start;
    return static_cast<int32_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(spent).count());
}

}  // namespace

Simulation::Simulation(const Workload & workload, const SimConfig & config)
    : workload_(workload),
      config_(config),
      text_(workload),
      graph_(workload),
      log_(config.log),
      scheduler_(with_disk(config.scheduler, config.disk)),
      disk_(config.disk),
      last_token_(workload.calls.size(), 0) {
    result_.calls.resize(workload.calls.size());
    result_.programs.resize(workload.programs.size());
    if (config.log != LogLevel::none) scheduler_.log_to(&log_);
    if (config.check_cells) oracle_.emplace(config.scheduler);
}

SimResult Simulation::run(const std::atomic<bool> & aborted) {
    for (const CallIndex call : graph_.roots()) {
        at(program_of(call).arrival + workload_.calls[call].delay, EventKind::submit, call);
    }
    for (int32_t p = 0; p < static_cast<int32_t>(workload_.programs.size()); ++p) {
        if (workload_.programs[p].abort > 0) at(workload_.programs[p].abort, EventKind::abort, p);
    }
    while (!aborted && (config_.until == 0 || now_ < config_.until)) {
        deliver();
        use_disk();
        sample_timeline();
        if (scheduler_.idle()) {
            if (events_.empty()) break;
            const Micros next = std::min({events_.top().time, disk_.next(), scheduler_.alarm()});
            if (next < events_.top().time) scheduler_.schedule(std::max(now_, next));  // pages that are due are loaded
            now_ = std::max(now_, next);
        } else if (!step()) {
            break;
        }
    }
    result_.aborted = aborted;
    for (CallIndex call = 0; call < static_cast<CallIndex>(workload_.calls.size()); ++call) {
        if (graph_.state(call) == CallState::submitted) report(call);
        result_.calls[call].state = graph_.state(call);
    }
    next_sample_ = 0;
    sample_timeline();
    result_.stats = scheduler_.stats();
    result_.log = log_.take();
    return std::move(result_);
}

/** False: the scheduler has work and will never do it. */
bool Simulation::step() {
    const auto began = std::chrono::steady_clock::now();
    const Batch & batch = scheduler_.schedule(now_);
    int32_t spent_ns = nanoseconds_since(began);
    use_disk();
    if (batch.empty()) return scheduler_.idle() || wait();
    const bool failed = config_.fail_every > 0 && ++steps_ % config_.fail_every == 0;
    const Micros took = step_time(config_.device, batch);
    if (log_.level() == LogLevel::rows) {
        for (const BatchRow & row : batch.rows) {
            log_.row(now_, row, row.ahead ? row.ahead : program_id(workload_.calls[call_of(row.request)].program));
        }
        log_.step(now_, batch, took);
    }
    if (oracle_) violated(oracle_->check(batch, failed));
    const StepResult result = run_model(batch, failed);
    if (!failed) count_prefill(batch);
    now_ += took;
    const auto resumed = std::chrono::steady_clock::now();
    scheduler_.commit(result, now_);
    if (disk_) save_owed_states();
    spent_ns += nanoseconds_since(resumed);
    result_.schedule_ns.push_back(spent_ns);
    result_.step_us.push_back(static_cast<int32_t>(std::min<Micros>(took, INT32_MAX)));
    take(result);
    if (config_.check_every > 0 && result_.step_us.size() % config_.check_every == 0) {
        violated(scheduler_.check_integrity());
    }
    return true;
}

/** Nothing to compute now: on to the next event, or to when the scheduler wants to be asked again. */
bool Simulation::wait() {
    Micros next = scheduler_.wake_at();
    if (!events_.empty()) next = std::min(next, events_.top().time);
    next = std::min(next, disk_.next());
    if (next >= kNever) {
        violated("an empty step while requests wait, and nothing to wait for");
        return false;
    }
    now_ = std::max(now_ + 1, next);
    return true;
}

/** As an engine with a page store does. */
void Simulation::save_owed_states() {
    const std::vector<StateCopy> saves = scheduler_.take_owed_saves();
    if (oracle_) oracle_->save_states(saves);
    if (!saves.empty()) scheduler_.end_saves(saves, {}, now_);
}

/** What has been read and written by now, and what is wanted next. */
void Simulation::use_disk() {
    if (!disk_) return;
    while (disk_.next() <= now_) {
        const SimDisk::End end = disk_.end_next();
        if (!end.is_read) {
            scheduler_.written(end.job, end.sound);
        } else {
            const TierPlace to = scheduler_.place(end.job, end.sound ? ReadEnd::sound : ReadEnd::lost, end.time);
            if (to.is_wanted() && oracle_) oracle_->set_cells(to, end.cells);
        }
        scheduler_.take_news(end.news, Tier::disk);
        scheduler_.take_state_news(end.state_news);
    }
    TierWork work = scheduler_.take_tier_work(now_);
    for (PageRead & read : work.reads) disk_.read(std::move(read), now_);
    for (PageWrite & write : work.writes) {
        SimDisk::Cells cells = oracle_ ? oracle_->cells(write) : SimDisk::Cells();
        disk_.write(std::move(write), std::move(cells), now_);
    }
}

StepResult Simulation::run_model(const Batch & batch, bool failed) {
    StepResult result;
    result.failed = failed;
    if (failed) return result;
    for (const BatchRow & row : batch.rows) {
        if (!row.sample) continue;
        const CallIndex call = call_of(row.request);
        const Token * const drafts = row.tokens + row.n_tokens - row.n_drafts;
        RowResult sampled{row.request, -1, true, false};
        for (int32_t said = result_.calls[call].output_tokens;; ++said, ++sampled.kept) {
            sampled.token = text_.output(call, said);
            sampled.finished = said + 1 == workload_.calls[call].output;
            if (oracle_) oracle_->grow(row.request, sampled.token);
            const bool over = sampled.finished || sampled.kept == row.n_drafts;
            if (over || sampled.token != drafts[sampled.kept]) break;
        }
        result.rows.push_back(sampled);
    }
    return result;
}

void Simulation::take(const StepResult & result) {
    std::vector<CallIndex> ended;
    for (const RowResult & row : result.rows) {
        const CallIndex call = call_of(row.request);
        if (graph_.state(call) != CallState::submitted) continue;  // cancelled under way
        const size_t cls = static_cast<size_t>(program_of(call).cls);
        CallReport & report = result_.calls[call];
        report.output_tokens += 1 + row.kept;
        result_.total.decoded[cls] += 1 + row.kept;
        if (report.first_token == 0) {
            report.first_token = now_;
        } else {
            const Micros gap = now_ - last_token_[call];
            result_.gaps[cls].push_back(static_cast<int32_t>(std::min<Micros>(gap, INT32_MAX)));
            report.longest_gap = std::max(report.longest_gap, gap);
        }
        last_token_[call] = now_;
        if (row.finished) ended.push_back(call);
    }
    for (const CallIndex call : ended) {
        if (graph_.state(call) == CallState::submitted) finish(call);
    }
}

void Simulation::finish(CallIndex call) {
    report(call);
    result_.calls[call].ended = now_;
    if (scheduler_.state(id_of(call)) != FinishState::finished) violated("a call said all and is not finished");
    if (oracle_) oracle_->end(id_of(call));
    CallGraph::Effects effects;
    graph_.end(call, false, effects);
    apply(effects);
}

/** What the scheduler says that the call has cost so far. */
void Simulation::report(CallIndex call) {
    const RequestUsage * usage = scheduler_.usage(id_of(call));
    if (!usage) return;
    CallReport & report = result_.calls[call];
    report.admitted = usage->admitted;
    report.cached_tokens = usage->cached_tokens;
    report.computed_tokens = usage->computed_tokens;
    report.preemptions = usage->preemptions;
}

/** Tokens of prompts, and those computed again after a preemption; a single token at the end of an answer is none. */
void Simulation::count_prefill(const Batch & batch) {
    for (const BatchRow & row : batch.rows) {
        if (row.ahead) continue;
        const CallIndex call = call_of(row.request);
        const int32_t in_prompt = std::clamp(result_.calls[call].prompt_tokens - row.n_past, 0, row.n_tokens);
        const int32_t known = row.n_tokens - row.n_drafts;
        const int32_t prefilled = known > 1 ? known : in_prompt;
        result_.total.prefilled[static_cast<size_t>(program_of(call).cls)] += prefilled;
    }
}

void Simulation::sample_timeline() {
    if (config_.sample_every == 0 || now_ < next_sample_) return;
    next_sample_ = now_ + config_.sample_every;
    const SchedulerStats stats = scheduler_.stats();
    Sample sample = result_.total;
    sample.time = now_;
    sample.running = stats.running;
    sample.waiting = stats.waiting;
    sample.pages_used = stats.pages_used;
    sample.pages_cached = stats.pages_cached;
    sample.pages_pinned = stats.pages_pinned;
    sample.window = stats.window;
    result_.timeline.push_back(sample);
}

void Simulation::violated(const std::string & wrong) {
    if (wrong.empty() || result_.violations.size() >= kMostViolations) return;
    result_.violations.push_back("at " + std::to_string(now_) + ": " + wrong);
}

}  // namespace banyan::sim
