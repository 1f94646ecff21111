// A request comes in: can it ever run, will it run in time, and is it a program that comes back?
#include <algorithm>

#include "core/scheduler-impl.h"

namespace banyan {

namespace {

constexpr ProgramId kAnonymous = 1ull << 63;  // above all ids that a JavaScript number can hold

}  // namespace

SubmitError Scheduler::Impl::refuse(const Request & request) {
    if (request.prompt.empty()) return SubmitError::empty_prompt;
    if (request.prompt.size() >= static_cast<size_t>(config.max_context)) return SubmitError::prompt_too_long;
    if (find(request.id)) return SubmitError::duplicate_id;
    const bool sound = request.cls <= Class::background && request.ttft_limit >= 0 && request.deadline >= 0 &&
                       request.deadline <= kNever && request.group_size >= 0 && request.static_tokens >= 0 &&
                       request.program < kAnonymous && request.id < kAnonymous && request.max_output >= 0;
    return sound ? SubmitError::none : SubmitError::bad_option;
}

SubmitError Scheduler::Impl::take(Request request) {
    end_retention();
    if (const SubmitError error = refuse(request); error != SubmitError::none) return error;
    const int32_t n_prompt = static_cast<int32_t>(request.prompt.size());
    const bool cached = request.cache && config.prefix_reuse;
    const int32_t n_uncached = n_prompt - (cached ? cache.match(request.salt, request.prompt, n_prompt - 1) : 0);
    if (request.ttft_limit > 0) {
        const Micros predicted = predict_first_token(request.cls, n_uncached, n_prompt - n_uncached);
        if (predicted > request.ttft_limit) {
            retry_after = std::max<Micros>(1000, predicted - request.ttft_limit);
            ++counters.decisions[static_cast<size_t>(Decision::Kind::refuse)];
            if (sink) {
                sink->record({now, Decision::Kind::refuse, request.id, request.program, predicted, retry_after});
            }
            return SubmitError::backpressure;
        }
    }

    auto seq = std::make_unique<Sequence>();
    seq->id = request.id;
    seq->cls = request.cls;
    seq->salt = request.salt;
    seq->cache = cached;
    seq->n_prompt = n_prompt;
    seq->uncached = n_uncached;
    const int32_t room = config.max_context - n_prompt;
    seq->limit = n_prompt + (request.max_output > 0 ? std::min(request.max_output, room) : room);
    seq->deadline = request.deadline;
    seq->static_tokens = cached ? std::min(request.static_tokens, n_prompt) : 0;
    seq->prompt_key = PromptKey(request.salt, request.prompt);
    seq->arrival = next_arrival++;
    seq->usage.prompt_tokens = n_prompt;
    seq->usage.submitted = now;
    seq->usage.miss.prompt_tokens = n_prompt;
    seq->usage.miss.reason = MissExplanation::Reason::reuse_off;
    seq->tenant_id = request.tenant;
    seq->tenant = &tenants.enter(request.tenant);
    enter_program(*seq, request);
    seq->tokens = std::move(request.prompt);
    if (last_was_first) smooth(company, now - last_arrival <= cost.step(StepShape{}) ? 1000 : 0);
    last_was_first = running.empty() && waiting.empty();
    last_arrival = now;
    if (seq->cls == Class::interactive) last_interactive = now;
    log(Decision::Kind::arrive, seq.get(), n_prompt, static_cast<int64_t>(seq->cls));
    enqueue(*seq);
    ended.erase(seq->id);
    sequences.emplace(seq->id, std::move(seq));
    ++counters.submitted;
    return SubmitError::none;
}

/** A request without a program is its own. One that comes back tells how long its tools took. */
void Scheduler::Impl::enter_program(Sequence & seq, const Request & request) {
    const ProgramId id = request.program ? request.program : request.id | kAnonymous;
    const Program * known = programs.find(id);
    seq.in_time = known && known->active && (known->live == 0 || known->in_time);  // siblings return together
    if (known && known->live == 0) {
        Program & p = *programs.find(id);
        p.acting += now - p.since;
        if (p.phase == Phase::human) {
            tools.humans().add(now - p.since);
        } else {
            if (p.tools.empty() && !p.tool_ended) tools.of("").add(now - p.since);
            for (const ToolRun & run : p.tools) tools.of(run.tool).add(now - run.started);
        }
        p.tools.clear();
    }
    Program & p = programs.enter(id, now);
    p.anonymous = request.program == 0;
    p.tenant = request.tenant;
    p.tool_ended = false;
    p.in_time = seq.in_time;
    programs.set_class(p, request.cls);
    if (request.group != 0) ++p.groups[request.group];
    set_keep(p, NodeKind::next);  // its history is wanted now
    seq.group = request.group;
    seq.program = &p;
    seq.service_before = p.service;
}

void Scheduler::Impl::enqueue(Sequence & seq) {
    seq.wait_since = now;
    waiting.push_back(&seq);
    ++n_waiting[static_cast<size_t>(seq.cls)];
    uncached_waiting[static_cast<size_t>(seq.cls)] += seq.uncached;
    ++seq.tenant->waiting;
}

void Scheduler::Impl::dequeue(Sequence & seq) {
    seq.waited += now - seq.wait_since;
    waiting.erase(std::find(waiting.begin(), waiting.end(), &seq));
    --n_waiting[static_cast<size_t>(seq.cls)];
    uncached_waiting[static_cast<size_t>(seq.cls)] -= seq.uncached;
    --seq.tenant->waiting;
}

/** When would a call that comes now have its first token? All that goes before it, its own prompt, and a free slot. */
Micros Scheduler::Impl::predict_first_token(Class cls, int32_t n_uncached, int32_t n_cached) const {
    StepShape work;
    work.add_prefill(n_uncached, n_cached);
    int32_t n_ahead = 0, n_slots_taken = 0;
    for (int c = 0; c <= static_cast<int>(cls); ++c) {
        if (n_waiting[c] == 0) continue;
        const int64_t each = uncached_waiting[c] / n_waiting[c];
        for (int32_t i = 0; i < n_waiting[c]; ++i) work.add_prefill(each, 0);
        n_ahead += n_waiting[c];
    }
    StepShape decodes;
    Micros target = policy().longest_step;
    for (const Sequence * seq : running) {
        if (seq->cls > cls) continue;  // makes room
        ++n_slots_taken;
        if (seq->prefilling()) {
            work.add_prefill(seq->remaining(), seq->computed());
        } else {
            decodes.add_decode(seq->computed());
            target = std::min(target, policy().step_target[static_cast<size_t>(seq->cls)]);
        }
    }
    // Prompts get what decodes leave of each step.
    const int32_t most = config.max_batch_tokens;
    const bool limited = !fcfs() && cost.calibrated();
    const int32_t a_step = limited ? std::max(within(0, most, decodes, target, policy().tile), min_prefill()) : most;
    const int64_t n_steps = (work.prefill + a_step - 1) / a_step;
    const int32_t n_beyond = std::max(0, n_ahead + 1 + n_slots_taken - config.max_running);
    const Micros for_slot = call_time * n_beyond / config.max_running;
    return std::max(cost.step(work) + (n_steps - 1) * cost.step(decodes), for_slot);
}

}  // namespace banyan
