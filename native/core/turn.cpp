// A call of a program ends: what it computed is marked in the tree, and kept for a time if the program will be back.
#include <algorithm>

#include "core/retention.h"
#include "core/scheduler-impl.h"

namespace banyan {

namespace {

constexpr size_t kMarks = 8;           // paths of a program that are told apart
constexpr size_t kMaxParked = 65'536;  // idle programs that are remembered

bool leads_to(const RadixNode * above, const RadixNode * node) {
    while (node && node != above) node = node->parent;
    return node == above;
}

}  // namespace

/** The end of the call's path. A path that goes on from a marked one takes its mark along. */
void Scheduler::Impl::mark_path(Program & p, const Sequence & seq) {
    if (p.anonymous || !seq.cache) return;
    const auto goes_on = [&](const std::unique_ptr<PathLock> & mark) {
        return !mark->node || leads_to(mark->node, seq.holding->lock.node);
    };
    auto mark = std::find_if(p.marks.begin(), p.marks.end(), goes_on);
    if (mark == p.marks.end() && p.marks.size() < kMarks) {
        mark = p.marks.insert(mark, std::make_unique<PathLock>(seq.salt, Holder::tree));
    } else if (mark == p.marks.end() || (*mark)->salt != seq.salt) {
        mark = mark == p.marks.end() ? p.marks.begin() : mark;
        cache.unmark(**mark);
        *mark = std::make_unique<PathLock>(seq.salt, Holder::tree);
    }
    std::rotate(mark, mark + 1, p.marks.end());  // the one used last is last
    PathLock & last = *p.marks.back();
    last.owner = p.program;
    last.keep = NodeKind::next;
    cache.mark(last, *seq.holding);
}

void Scheduler::Impl::set_keep(Program & p, NodeKind keep) {
    for (const auto & mark : p.marks) cache.set_keep(*mark, keep);
}

/** After its call has given back its slot: `seq` is about to be forgotten. */
void Scheduler::Impl::end_turn(Sequence & seq) {
    Program & p = *seq.program;
    p.computed_tokens += seq.usage.computed_tokens;
    p.prompt_tokens += seq.usage.admitted > 0 ? seq.n_prompt : 0;
    p.cached_tokens += seq.usage.cached_tokens;
    p.output_tokens += seq.usage.output_tokens;
    p.preemptions += seq.usage.preemptions;
    p.waited += seq.waited;
    if (seq.group != 0 && --p.groups[seq.group] == 0) p.groups.erase(seq.group);
    programs.leave(p, now);
    tenants.leave(seq.tenant_id);
    if (p.live > 0) return count_demand(p);
    if (p.anonymous || p.ending) return end_program(p);
    if (p.active) retain(p);
    if (programs.n_parked() > kMaxParked) end_program(*programs.longest_parked());
}

/** Decides how long the program's pages go before those of idle ones, and counts them as demand for that time. */
void Scheduler::Impl::retain(Program & p) {
    if (fcfs()) return;
    if (may_pause(p.cls)) return pause(p);
    const bool human = p.phase == Phase::human;
    const ToolRun * last_back = nullptr;  // the tool that will probably be the last to return
    for (const ToolRun & run : p.tools) {
        if (!last_back || run.started + run.expected > last_back->started + last_back->expected) last_back = &run;
    }
    const std::string tool = human ? "a human" : last_back ? last_back->tool : "";
    const ToolTimes & times = human ? tools.humans() : tools.of(tool);

    RetentionCase c;
    c.restore = cost.prefill(std::max(0, p.context - p.shared), p.shared);
    c.queueing = admission_wait * std::max(0, eta) / 1000;
    const int64_t capacity = config.n_pages;
    if (demand() * 1000 > capacity * policy().low) {
        const int64_t others = std::max<int64_t>(1, static_cast<int64_t>(waiting.size()));
        c.pressure = static_cast<int32_t>(std::min<int64_t>(1'000'000, private_pages(p) * 1000 * others / capacity));
    }
    c.expected = last_back ? last_back->expected : 0;
    c.keep_unknown = policy().keep_unknown;
    c.calibrated = cost.calibrated();
    p.retention = decide_retention(tool, times, c);
    const Micros since = last_back ? last_back->started : p.since;
    programs.keep_until(p, std::min(since + p.retention.ttl, kNever - 1));
    programs.set_demand(p, idle_pages(p));
    set_keep(p, NodeKind::acting);
    log(Decision::Kind::retain, p, p.retention.ttl, static_cast<int64_t>(p.retention.reason));
}

/** The pages of an idle program, as likely as it is back within policy.return_within. */
int32_t Scheduler::Impl::idle_pages(const Program & p) {
    const bool human = p.phase == Phase::human;
    const ToolRun * run = p.tools.empty() ? nullptr : &p.tools.back();
    const ToolTimes & times = human ? tools.humans() : tools.of(run ? run->tool : "");
    const Micros elapsed = now - (run ? run->started : p.since);
    int32_t chance = elapsed < policy().keep_unknown && !human ? 1000 : 0;
    if (p.tool_ended && !run) return private_pages(p);
    if (run && run->expected > 0) {
        const bool soon = run->expected - elapsed <= policy().return_within;
        chance = soon && elapsed <= 3 * run->expected ? 1000 : 0;
    } else if (times.known()) {
        chance = times.returns_within(elapsed, policy().return_within);
    }
    return static_cast<int32_t>(static_cast<int64_t>(private_pages(p)) * chance / 1000);
}

/** Programs whose TTL is over are idle: their pages may go, and they come back like new ones. */
void Scheduler::Impl::end_retention() {
    while (Program * p = programs.expired(now)) {
        log(Decision::Kind::expire, *p, p->retention.ttl, 0);
        programs.keep_until(*p, kNever);
        programs.set_active(*p, false);
        set_keep(*p, NodeKind::idle);
        forget_next(*p);
    }
}

void Scheduler::Impl::end_program(Program & p) {
    if (!p.anonymous) {
        if (p.calls > 0) turns.add(p.calls);
        eta = turns.eta();
        log(Decision::Kind::program_end, p, p.service, p.calls);
    }
    for (const auto & mark : p.marks) cache.unmark(*mark);
    forget_next(p);
    programs.forget(p);
}

}  // namespace banyan
