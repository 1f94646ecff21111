#include "core/activity/gate.h"

#include <algorithm>

namespace banyan {

namespace {

constexpr size_t kLooksPerTick = 256;  // idle programs whose demand is estimated anew

}  // namespace

GateClass Gate::class_of(const Sequence & seq) const {
    if (policy_.is_fcfs() || seq.program->active) return GateClass::inside;
    if (seq.cls == Class::interactive) return GateClass::interactive;
    return seq.program->anonymous ? GateClass::single : GateClass::windowed;
}

bool Gate::passes(const Sequence & seq) const {
    const GateClass by = class_of(seq);
    if (by == GateClass::inside) return true;
    const int32_t more = demand_.expected(seq);
    // While no program waits for a tool there is nothing to protect: pages themselves decide.
    const bool protects = programs_.idle_demand() > 0;
    if (by == GateClass::interactive) return !protects || !demand_.exceeds(policy_.high, more);
    const int32_t limit = seq.program->paused ? std::min(mark_, policy_.low) : mark_;
    if (protects && demand_.exceeds(limit, more)) return false;
    // While memory is free a full window is too small a window.
    return by == GateClass::single || programs_.n_windowed() < window_.size() ||
           !demand_.exceeds(policy_.use_low, more);
}

void Gate::admitted(Sequence & seq, int32_t cached) {
    Program & p = *seq.program;
    seq.need = demand_.expected(seq);
    p.need += seq.need;
    if (!p.active) {
        if (p.calls == 0 && p.running == 1) ProgramTable::set_shared(p, seq.salt, cached);
        if (p.paused) log_.write(0, p.program, decision::Resume{demand_.pages()});
        programs_.set_active(p, true);
        const int32_t before = window_.size();
        window_.admitted(programs_.n_windowed());
        log_change(before);
    }
    demand_.count(p);
}

void Gate::log_change(int32_t before) {
    if (window_.size() != before) log_.write(0, 0, decision::Window{before, window_.size()});
}

/** Programs that wait for a tool, of the worst class, idle longest. */
void Gate::pause_some() {
    for (const Class cls : {Class::background, Class::workflow}) {
        for (Program * p : programs_.most_idle(cls, kLooksPerTick)) {
            if (!idle_.may_pause(cls)) return;
            if (p->demand > 0) idle_.pause(*p);
        }
    }
}

void Gate::tick(Micros now, const Backlog & backlog, uint64_t resume_tokens, uint64_t resume_hits) {
    if (policy_.is_fcfs() || now < next_tick_) return;
    next_tick_ = now + policy_.tick;
    const int64_t use = demand_.use();
    const uint64_t had = resume_tokens - tokens_at_tick_, hit = resume_hits - hits_at_tick_;
    tokens_at_tick_ = resume_tokens;
    hits_at_tick_ = resume_hits;
    const bool wanted = std::any_of(backlog.begin(), backlog.end(),
                                    [&](const Sequence * seq) { return class_of(*seq) == GateClass::windowed; });
    const int32_t before = window_.size();
    window_.tick(static_cast<int32_t>(std::min<int64_t>(use, 1 << 20)),
                 had == 0 ? -1 : static_cast<int32_t>(hit * 1000 / had), programs_.n_windowed(), wanted);
    log_change(before);

    if (use <= policy_.low) return;
    for (const Class cls : {Class::background, Class::workflow, Class::interactive}) {
        for (Program * p : programs_.most_idle(cls, kLooksPerTick)) {
            programs_.set_demand(*p, idle_.likely_pages(*p, now));
        }
    }
    pause_some();
}

}  // namespace banyan
