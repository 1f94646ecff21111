// Which programs are active: a cap on them decides between a cache that hits and one that thrashes. Watermarks protect
// the pages of programs that wait for a tool: nobody holds a reference on those.
#include <algorithm>

#include "core/scheduler-impl.h"

namespace banyan {

namespace {

constexpr size_t kLooksPerTick = 256;  // idle programs whose demand is estimated anew

}  // namespace

Door Scheduler::Impl::door(const Sequence & seq) const {
    if (fcfs() || seq.program->active) return Door::inside;
    if (seq.cls == Class::interactive) return Door::interactive;
    return seq.program->anonymous ? Door::single : Door::windowed;
}

/** Pages that the call adds to what is counted: without what its program shares with others. */
int32_t Scheduler::Impl::expected_pages(const Sequence & seq) const {
    const Program & p = *seq.program;
    const int32_t n_tokens = std::min(seq.n_tokens() + output_length, seq.most_computed());
    const int32_t shared = p.calls > 0 ? p.shared : seq.n_tokens() - seq.uncached;
    return pages_for(n_tokens, config.page_tokens) - std::min(shared, n_tokens) / config.page_tokens;
}

/** Pages that the active programs want: shared ones once, of those that wait for a tool as likely as it is back soon.
 */
int64_t Scheduler::Impl::demand() const {
    return programs.demand() + programs.shared_tokens() / config.page_tokens;
}

bool Scheduler::Impl::passes_gate(const Sequence & seq) const {
    const Door by = door(seq);
    if (by == Door::inside || running.empty() || overdue(seq)) return true;
    const int64_t capacity = config.n_pages, wanted = (demand() + expected_pages(seq)) * 1000;
    // With nobody waiting for a tool there is nothing to protect: pages themselves decide.
    const bool protects = programs.idle_demand() > 0;
    if (by == Door::interactive) return !protects || wanted <= capacity * policy().high;
    const int32_t mark = std::max(0, policy().high - config.reserve_percent * 10);
    const int32_t limit = seq.program->paused ? std::min(mark, policy().low) : mark;
    if (protects && wanted > capacity * limit) return false;
    // While memory is free a full window is too small a window.
    return by == Door::single || programs.n_windowed() < window.size() || wanted <= capacity * policy().use_low;
}

/** The call starts: its program is active from now on. */
void Scheduler::Impl::activate(Sequence & seq) {
    Program & p = *seq.program;
    seq.need = expected_pages(seq);
    p.need += seq.need;
    forget_next(p);
    if (!p.active) {
        if (p.calls == 0 && p.running == 1) ProgramTable::set_shared(p, seq.salt, seq.computed());
        if (p.paused) log(Decision::Kind::resume, p, demand(), 0);
        programs.set_active(p, true);
        const int32_t before = window.size();
        window.admitted(programs.n_windowed());
        if (window.size() != before) log(Decision::Kind::window, nullptr, before, window.size());
    }
    count_demand(p);
}

int32_t Scheduler::Impl::private_pages(const Program & p) const {
    return std::max(0, pages_for(p.context, config.page_tokens) - p.shared / config.page_tokens);
}

/** Of a program with live calls: its history, or more if they want more. */
void Scheduler::Impl::count_demand(Program & p) {
    if (p.active) programs.set_demand(p, std::max(private_pages(p), p.need));
}

bool Scheduler::Impl::over_high() const {
    return demand() * 1000 > static_cast<int64_t>(config.n_pages) * policy().high;
}

void Scheduler::Impl::pause(Program & p) {
    log(Decision::Kind::pause, p, demand(), p.demand);
    programs.keep_until(p, kNever);
    programs.set_active(p, false);
    programs.set_paused(p, true);
    ++p.pauses;
    set_keep(p, NodeKind::idle);
    forget_next(p);
}

/** Not for a worse class: those give way first, if only when their turns end. Never interactive ones. */
bool Scheduler::Impl::may_pause(Class cls) const {
    if (cls == Class::interactive || !over_high()) return false;
    return cls == Class::background || programs.n_active(Class::background) == 0;
}

/** Those that wait for a tool, of the worst class, idle longest. */
void Scheduler::Impl::pause_some() {
    for (const Class cls : {Class::background, Class::workflow}) {
        for (Program * p : programs.most_idle(cls, kLooksPerTick)) {
            if (!may_pause(cls)) return;
            if (p->demand > 0) pause(*p);
        }
    }
}

void Scheduler::Impl::tick() {
    if (fcfs() || now < next_tick) return;
    next_tick = now + policy().tick;
    const int64_t use = demand() * 1000 / config.n_pages;
    const uint64_t had = counters.resume_tokens - tick_tokens, hit = counters.resume_hits - tick_hits;
    tick_tokens = counters.resume_tokens;
    tick_hits = counters.resume_hits;
    const auto is_windowed = [&](const Sequence * seq) { return door(*seq) == Door::windowed; };
    const bool wanted = std::any_of(waiting.begin(), waiting.end(), is_windowed);
    const int32_t before = window.size();
    window.tick(static_cast<int32_t>(std::min<int64_t>(use, 1 << 20)),
                had == 0 ? -1 : static_cast<int32_t>(hit * 1000 / had), programs.n_windowed(), wanted);
    if (window.size() != before) log(Decision::Kind::window, nullptr, before, window.size());

    if (use <= policy().low) return;
    for (const Class cls : {Class::background, Class::workflow, Class::interactive}) {
        for (Program * p : programs.most_idle(cls, kLooksPerTick)) programs.set_demand(*p, idle_pages(*p));
    }
    pause_some();
}

}  // namespace banyan
