// A request comes in: can it ever run, will it run in time, and is it a program that comes back?
#include <algorithm>

#include "core/activity/program-marks.h"
#include "core/scheduler/scheduler-impl.h"

namespace banyan {

SubmitError Scheduler::Impl::why_unsound(const Request & request) const {
    if (request.prompt.empty()) return SubmitError::empty_prompt;
    if (request.prompt.size() >= static_cast<size_t>(config.max_context)) return SubmitError::prompt_too_long;
    if (find(request.id)) return SubmitError::duplicate_id;
    const bool sound = request.cls <= Class::background && request.ttft_limit >= 0 && request.deadline >= 0 &&
                       request.deadline <= kNever && request.group_size >= 0 && request.static_tokens >= 0 &&
                       request.boundary >= 0 && request.program < kAnonymousProgram && request.id < kAnonymousProgram &&
                       request.max_output >= 0 && request.tenant_weight >= 1 &&
                       request.tenant_weight <= kMostTenantWeight;
    return sound ? SubmitError::none : SubmitError::bad_option;
}

/** Is its first token to be expected later than it allows? Then retry_after says when to try again. */
bool Scheduler::Impl::is_too_late(const Request & request, int32_t n_uncached, Micros & foretold) {
    if (request.ttft_limit <= 0) return false;
    const int32_t n_cached = static_cast<int32_t>(request.prompt.size()) - n_uncached;
    // What has passed of the step under way is not waited for again.
    const Micros passed = step.in_flight ? std::min(now - step.scheduled, cost.step(step.shape())) : 0;
    const bool in_turns = policy().quantum > 0 && !policy().is_fcfs();
    const Tenant * known = tenants.find(request.tenant);
    FirstTokenForecast::Turn turn{known ? *known : Tenant{}, backlog.size()};
    turn.tenant.weight = request.tenant_weight;
    if (in_turns) turn.n_before = tenants.waiting_before(request.tenant, request.tenant_weight);
    foretold = forecast.predict(request.cls, n_uncached, n_cached, turn, backlog, running, now) - passed;
    const Micros predicted = forecast.at_most(request.cls, foretold);
    if (predicted <= request.ttft_limit) return false;
    retry_after = std::max<Micros>(1000, forecast.until_within(request.cls, foretold, request.ttft_limit));
    decisions.write(request.id, request.program, decision::Refuse{predicted, retry_after});
    return true;
}

SubmitError Scheduler::Impl::accept(Request request) {
    idle.expire(now);
    if (const SubmitError error = why_unsound(request); error != SubmitError::none) return error;
    const int32_t n_prompt = static_cast<int32_t>(request.prompt.size());
    const bool cached = request.cache && config.prefix_reuse && !request.scored;
    const int32_t n_uncached = n_prompt - (cached ? cache.match(request.salt, request.prompt, n_prompt - 1) : 0);
    Micros foretold = 0;
    if (is_too_late(request, n_uncached, foretold)) return SubmitError::backpressure;

    auto seq = std::make_unique<Sequence>();
    seq->id = request.id;
    seq->cls = request.cls;
    seq->salt = request.salt;
    seq->cache = cached;
    seq->scored = request.scored;
    seq->drafts = request.drafts;
    seq->n_prompt = n_prompt;
    seq->uncached = n_uncached;
    seq->foretold = foretold;
    const int32_t room = config.max_context - n_prompt;
    seq->limit = n_prompt + (request.max_output > 0 ? std::min(request.max_output, room) : room);
    seq->deadline = request.deadline;
    seq->static_tokens = cached ? std::min(request.static_tokens, n_prompt) : 0;
    seq->boundary = cached ? std::min(request.boundary, n_prompt) : 0;
    seq->root = cached && config.tiers.on ? request.root : std::nullopt;
    seq->durable = request.durable;
    seq->prompt_key = PromptKey(request.salt, request.prompt);
    seq->arrival = next_arrival++;
    seq->usage.prompt_tokens = n_prompt;
    seq->usage.submitted = now;
    seq->usage.miss.prompt_tokens = n_prompt;
    seq->usage.miss.reason = MissExplanation::Reason::reuse_off;
    seq->tenant_id = request.tenant;
    seq->tenant = &tenants.enter(request.tenant, request.tenant_weight);
    enter_program(*seq, request);
    seq->tokens = std::move(request.prompt);
    coalescer.arrived(/*alone=*/running.empty() && backlog.empty(), now);
    if (seq->cls == Class::interactive) pace.interactive_came(seq->tenant_id, now);
    forecast.came(seq->cls, now);
    write_about(*seq, decision::Arrive{n_prompt, seq->cls});
    backlog.add(*seq, now);
    ended.erase(seq->id);
    sequences.emplace(seq->id, std::move(seq));
    ++counters.submitted;
    return SubmitError::none;
}

/** A request without a program is a program of its own. One that comes back tells how long its tools took. */
void Scheduler::Impl::enter_program(Sequence & seq, const Request & request) {
    const ProgramId id = request.program ? request.program : request.id | kAnonymousProgram;
    Program * known = programs.find(id);
    seq.in_time = known && known->active && (known->live == 0 || known->in_time);  // siblings return together
    if (known && known->live == 0) idle.returned(*known, now);
    Program & p = programs.enter(id, now);
    p.anonymous = request.program == 0;
    p.tenant = request.tenant;
    p.tool_ended = false;
    p.in_time = seq.in_time;
    programs.set_class(p, request.cls);
    if (request.group != 0) ++p.groups[request.group];
    set_keep(cache, p, NodeKind::next);  // its history is wanted now
    if (config.tiers.on) {
        p.root = request.root;
        p.root_salt = request.salt;
    }
    seq.group = request.group;
    seq.program = &p;
    seq.service_before = p.service;
}

}  // namespace banyan
