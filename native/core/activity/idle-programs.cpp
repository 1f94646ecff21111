#include "core/activity/idle-programs.h"

#include <algorithm>

#include "core/activity/program-marks.h"
#include "core/programs/retention.h"

namespace banyan {

namespace {

constexpr size_t kMaxParked = 65'536;  // idle programs that are remembered
constexpr size_t kMaxToolRuns = 64;    // tools of a program that run at once and are told apart

/** The tool that will probably be the last to return; nullptr: none runs. */
const ToolRun * last_to_return(const Program & p) {
    const ToolRun * last = nullptr;
    for (const ToolRun & run : p.tools) {
        if (!last || run.started + run.expected > last->started + last->expected) last = &run;
    }
    return last;
}

}  // namespace

void IdlePrograms::returned(Program & p, Micros now) {
    p.acting += now - p.since;
    if (p.phase == Phase::human) {
        tools_.humans().add(now - p.since);
    } else {
        if (p.tools.empty() && !p.tool_ended) tools_.of("").add(now - p.since);
        for (const ToolRun & run : p.tools) tools_.of(run.tool).add(now - run.started);
    }
    p.tools.clear();
}

void IdlePrograms::tool_started(Program & p, const Hint & hint, Micros now) {
    if (p.tools.size() >= kMaxToolRuns) p.tools.erase(p.tools.begin());
    p.tools.push_back({hint.tool, now, hint.expected});
}

bool IdlePrograms::tool_ended(Program & p, const std::string & tool, Micros now) {
    const auto is_it = [&](const ToolRun & run) { return run.tool == tool; };
    const auto run = std::find_if(p.tools.begin(), p.tools.end(), is_it);
    if (run == p.tools.end()) return false;
    tools_.of(run->tool).add(now - run->started);
    p.tools.erase(run);
    p.tool_ended = true;
    return true;
}

Retention IdlePrograms::retention(const Program & p, int32_t n_waiting) {
    if (policy_.is_fcfs() || may_pause(p.cls)) return p.retention;
    return worth_keeping(p, n_waiting);
}

Retention IdlePrograms::worth_keeping(const Program & p, int32_t n_waiting) {
    const bool human = p.phase == Phase::human;
    const ToolRun * last = last_to_return(p);
    const std::string tool = human ? "a human" : last ? last->tool : "";
    const ToolTimes & times = human ? tools_.humans() : tools_.of(tool);

    RetentionCase c;
    c.restore = cost_.prefill(std::max(0, p.context - p.shared), p.shared);
    c.queueing = admission_wait_ * std::max(0, service_tells_end_) / 1000;
    if (demand_.exceeds(policy_.low)) {
        const int64_t others = std::max(1, n_waiting);
        const int64_t share = demand_.history(p) * 1000 * others / cache_.pool().n_pages();
        c.pressure = static_cast<int32_t>(std::min<int64_t>(1'000'000, share));
    }
    c.expected = last ? last->expected : 0;
    c.keep_unknown = policy_.keep_unknown;
    c.calibrated = cost_.calibrated();
    return decide_retention(tool, times, c);
}

void IdlePrograms::retain(Program & p, int32_t n_waiting, Micros now) {
    if (policy_.is_fcfs()) return;
    if (may_pause(p.cls)) return pause(p);
    const ToolRun * last = last_to_return(p);
    p.retention = worth_keeping(p, n_waiting);
    const Micros since = last ? last->started : p.since;
    programs_.keep_until(p, std::min(since + p.retention.ttl, kNever - 1));
    programs_.set_demand(p, likely_pages(p, now));
    set_keep(cache_, p, NodeKind::acting);
    log_.write(0, p.program, decision::Retain{p.retention});
}

void IdlePrograms::mark_returning(Program & p, Micros now) {
    if (policy_.is_fcfs()) return;
    programs_.keep_until(p, std::max(p.keep_until, now + policy_.keep_unknown));
    programs_.set_demand(p, demand_.history(p));
    set_keep(cache_, p, NodeKind::next);
}

int32_t IdlePrograms::likely_pages(const Program & p, Micros now) {
    const bool human = p.phase == Phase::human;
    const ToolRun * run = p.tools.empty() ? nullptr : &p.tools.back();
    const ToolTimes & times = human ? tools_.humans() : tools_.of(run ? run->tool : "");
    const Micros elapsed = now - (run ? run->started : p.since);
    int32_t chance = elapsed < policy_.keep_unknown && !human ? 1000 : 0;  // thousandths
    if (p.tool_ended && !run) return demand_.history(p);
    if (run && run->expected > 0) {
        const bool soon = run->expected - elapsed <= policy_.return_within;
        chance = soon && elapsed <= 3 * run->expected ? 1000 : 0;
    } else if (times.known()) {
        chance = times.returns_within(elapsed, policy_.return_within);
    }
    return static_cast<int32_t>(static_cast<int64_t>(demand_.history(p)) * chance / 1000);
}

bool IdlePrograms::may_pause(Class cls) const {
    if (cls == Class::interactive || !demand_.exceeds(policy_.high)) return false;
    // While a worse class has active programs, those give way first, if only when their calls end.
    return cls == Class::background || programs_.n_active(Class::background) == 0;
}

void IdlePrograms::deactivate(Program & p) {
    programs_.keep_until(p, kNever);
    programs_.set_active(p, false);
    set_keep(cache_, p, NodeKind::idle);
    lookahead_.forget(p);
    stores_.want(p, StoreReason::parked);
}

void IdlePrograms::pause(Program & p) {
    log_.write(0, p.program, decision::Pause{demand_.pages(), p.demand});
    deactivate(p);
    programs_.set_paused(p, true);
    ++p.pauses;
}

void IdlePrograms::expire(Micros now) {
    while (Program * p = programs_.expired(now)) {
        log_.write(0, p->program, decision::Expire{p->retention.ttl});
        deactivate(*p);
    }
}

void IdlePrograms::end(Program & p) {
    if (!p.anonymous) {
        if (p.calls > 0) lengths_.add(p.calls);
        service_tells_end_ = lengths_.service_tells_end();
        log_.write(0, p.program, decision::ProgramEnd{p.service, p.calls});
    }
    for (const auto & mark : p.marks) cache_.unmark(*mark);
    if (p.boundary) cache_.unmark(*p.boundary);
    lookahead_.forget(p);
    programs_.forget(p);
}

void IdlePrograms::forget_surplus() {
    if (programs_.n_parked() > kMaxParked) end(*programs_.longest_parked());
}

}  // namespace banyan
