// A request's way between backlog and running set, and out of both.
#include <algorithm>

#include "core/activity/program-marks.h"
#include "core/scheduler/scheduler-impl.h"

namespace banyan {

/** It has its pages, and gets a slot. effective_class: as which it was chosen. */
void Scheduler::Impl::start(Sequence & seq, EffectiveClass effective_class) {
    seq.effective_class = seq.admitted_class = effective_class;
    backlog.remove(seq, now);
    if (seq.is_lifted()) write_about(seq, decision::Lift{seq.cls, effective_class});
    running.add(seq);
    seq.slot_started = false;
    seq.prefill_end = seq.n_tokens();
    seq.admission = next_admission++;
    seq.started = seq.progressed = now;
    last_started = seq.prompt_key;
    plan_stops(seq);
    seq.resumes = seq.computed() * 2 >= seq.n_tokens();
    ++seq.program->running;
    tenants.admitted(*seq.tenant);
    lookahead.forget(*seq.program);
    store(seq, seq.computed(), ColdKind::history, StoreReason::used_again);
    gate.admitted(seq, seq.computed());
    write_about(seq, decision::Admit{seq.computed(), seq.remaining()});
    idle.admitted(now - seq.wait_since);
    if (seq.usage.preemptions > 0 || seq.restarted) return;
    seq.usage.admitted = now;
    count_hits_by_tier(seq);
    counters.prompt_tokens += seq.n_prompt;
    counters.cached_tokens += seq.computed();
    count_hits(seq);
    if (seq.root && seq.cache) loads.start(seq.keys, seq.computed() / config.page_tokens);
}

/** What is there of it now, by where it came from. */
void Scheduler::Impl::count_hits_by_tier(Sequence & seq) {
    const int32_t loaded = std::max(0, std::min(seq.computed(), seq.loaded_end) - seq.loaded_begin);
    seq.usage.cached_tokens = seq.computed();
    seq.usage.hits[Tier::device] = seq.computed() - loaded;
    counters.hit_tokens[Tier::device] += seq.computed() - loaded;
    if (loaded == 0) return;
    seq.usage.hits[seq.loaded_from] = loaded;
    counters.hit_tokens[seq.loaded_from] += loaded;
}

/** Of what its program had computed before, how much was still there? What it changed itself is not lost. */
void Scheduler::Impl::count_hits(const Sequence & seq) {
    Program & p = *seq.program;
    if (p.calls == 0 || !seq.cache || seq.usage.miss.reason == MissExplanation::Reason::diverged) return;
    const int32_t had = std::min(p.context, seq.n_prompt - 1);
    const int32_t hit = std::min(had, seq.computed());
    counters.resume_tokens += had;
    counters.resume_hits += hit;
    p.lost_tokens += had - hit;
}

/** Gives back slot and pages. abandon: what only this branch computed is the first to be evicted. */
void Scheduler::Impl::stop(Sequence & seq, bool abandon) {
    if (abandon) {
        cache.release_abandoned(*seq.holding);
    } else {
        cache.release(*seq.holding);
    }
    seq.holding.reset();
    running.remove(seq);
    Program & p = *seq.program;
    --p.running;
    p.running_time += now - seq.started;
    p.need -= seq.need;
}

/** Stops it for others. What it computed stays cached for as long as it can, so that it costs little if it survives. */
void Scheduler::Impl::preempt(Sequence & seq, RequestId in_favour_of) {
    seq.computed_before = std::max(seq.computed_before, seq.computed());
    if (seq.cache) cache.commit(*seq.holding, seq.tokens);
    save_state(seq, NodeKind::next);
    stop(seq);
    demand.count(*seq.program);
    ++seq.usage.preemptions;
    ++counters.preemptions;
    write_about(seq, decision::Preempt{in_favour_of, seq.computed_before});
    seq.uncached = 0;
    seq.n_loads = 0;
    store(seq, seq.computed_before, ColdKind::history, StoreReason::pressure);
    backlog.add(seq, now);
}

/** The request leaves. A finished one leaves its tokens cached; a cancelled one only what was shared before. */
void Scheduler::Impl::end(Sequence & seq, FinishState how) {
    const bool finished = how == FinishState::finished;
    Program & p = *seq.program;
    if (!seq.running()) {
        backlog.remove(seq, now);
        leave_load(seq);
    } else if (finished) {
        if (seq.cache) cache.commit(*seq.holding, seq.tokens);
        p.context = seq.computed();
        mark_path(cache, p, seq);
        save_end(seq);
        store_turn(seq);
        ProgramTable::complete(p, seq.service_before + seq.usage.computed_tokens);
        forecast.call_ended(now - seq.started, !backlog.empty());
        if (seq.cls == Class::interactive) pace.interactive_ended(seq.tenant_id, now);
        demand.call_ended(seq.usage.output_tokens);
        stop(seq);
    } else {
        stop(seq, /*abandon=*/seq.group != 0);
    }
    if (finished) {
        ++counters.finished;
        write_about(seq, decision::Finish{seq.usage.output_tokens, seq.waited});
    } else {
        ++counters.cancelled;
        write_about(seq, decision::Cancel{seq.usage.output_tokens, seq.waited});
    }
    seq.usage.waited = seq.waited;
    if (drafting.on()) drafting.source().ended(query_of(seq, {}), finished);
    leave_program(seq);
    ended[seq.id] = {how, seq.usage};
    sequences.erase(seq.id);
}

/** Its program's numbers, and what the program is from now on: still live, idle, or ended. */
void Scheduler::Impl::leave_program(Sequence & seq) {
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
    if (p.live > 0) return demand.count(p);
    if (p.anonymous || p.ending) return idle.end(p);
    if (p.active) idle.retain(p, backlog.size(), now);
    idle.forget_surplus();
}

}  // namespace banyan
