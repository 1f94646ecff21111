// What programs do: submit when it is time, say what they wait for, react to what ended.
#include <algorithm>

#include "sim/simulation.h"

namespace banyan::sim {

namespace {

constexpr int32_t kMostRefusals = 10'000;  // then a program gives up

}  // namespace

/** As the engine does: what came while a step ran is seen after it. */
void Simulation::deliver() {
    while (!events_.empty() && events_.top().time <= now_) {
        const Event event = events_.top();
        events_.pop();
        if (event.kind == EventKind::submit) {
            if (graph_.state(event.what) == CallState::delayed) submit(event.what, event.time);
            continue;
        }
        CallGraph::Effects effects;
        graph_.abort(event.what, effects);
        apply(effects);
    }
}

void Simulation::submit(CallIndex call, Micros due) {
    const Call & planned = workload_.calls[call];
    const Program & program = program_of(call);
    CallReport & report = result_.calls[call];
    if (report.due == 0) {
        report.due = due;
        if (graph_.tool_started(call)) tell(call, Hint::Kind::tool_ended);
    }
    report.prompt_tokens = text_.prompt_tokens(call);
    const int64_t pool_tokens = int64_t(config_.scheduler.n_pages) * config_.scheduler.page_tokens;
    if (report.prompt_tokens >= pool_tokens) return refused(call, SubmitError::prompt_too_long);
    Request request;
    request.id = id_of(call);
    request.prompt = text_.prompt(call);
    request.max_output = planned.output;
    request.cls = program.cls;
    request.program = program_id(planned.program);
    request.salt = program.salt;
    request.root = root_of(program.salt);
    request.tenant = program.tenant;
    request.ttft_limit = program.ttft_limit;
    request.group = planned.group;
    request.group_size = planned.group_size;
    request.static_tokens = std::min(planned.static_tokens, report.prompt_tokens);
    if (oracle_) oracle_->begin(request.id, request.salt, request.prompt);
    const SubmitError error = scheduler_.submit(std::move(request), now_);
    if (error != SubmitError::none) return refused(call, error);
    graph_.submitted(call);
}

/** Stands for model and tenant; with a disk. */
std::optional<PageKey> Simulation::root_of(Salt salt) const {
    return disk_ ? std::optional<PageKey>(root_key("simulated", std::to_string(salt))) : std::nullopt;
}

/** The engine would not take it: its program comes again when told to wait, and gives up on anything else. */
void Simulation::refused(CallIndex call, SubmitError error) {
    CallReport & report = result_.calls[call];
    if (oracle_) oracle_->end(id_of(call));
    if (error == SubmitError::backpressure && ++report.refusals < kMostRefusals) {
        return at(now_ + std::max<Micros>(1, scheduler_.retry_after()), EventKind::submit, call);
    }
    CallGraph::Effects effects;
    graph_.end(call, true, effects);
    apply(effects);
}

void Simulation::apply(const CallGraph::Effects & effects) {
    for (const CallIndex call : effects.withdraw) {
        report(call);
        result_.calls[call].ended = now_;
        scheduler_.cancel(id_of(call), now_);
        if (oracle_) oracle_->end(id_of(call));
        tell(call, Hint::Kind::abandoned);
    }
    for (const CallIndex call : effects.tools) {
        tell(call, workload_.calls[call].tool == "human" ? Hint::Kind::human : Hint::Kind::tool_started);
        if (workload_.calls[call].known_tokens > 0) tell(call, Hint::Kind::next_prefix);
    }
    for (const CallIndex call : effects.start) at(now_ + workload_.calls[call].delay, EventKind::submit, call);
    for (const int32_t program : effects.finished_programs) end_program(program);
}

void Simulation::tell(CallIndex call, Hint::Kind kind) {
    if (!config_.hints) return;
    const Call & planned = workload_.calls[call];
    if (kind == Hint::Kind::tool_ended && planned.tool == "human") return;
    Hint hint;
    hint.kind = kind;
    hint.tool = planned.tool;
    hint.root = root_of(program_of(call).salt);
    if (kind == Hint::Kind::abandoned) {
        hint.tool.clear();
        hint.salt = program_of(call).salt;
        hint.tokens = text_.prompt(call);
        for (int32_t i = 0; i < result_.calls[call].output_tokens; ++i) hint.tokens.push_back(text_.output(call, i));
    }
    if (kind == Hint::Kind::next_prefix) {
        hint.salt = program_of(call).salt;
        hint.tokens = text_.prompt(call);
        hint.tokens.resize(std::min<size_t>(hint.tokens.size(), planned.known_tokens));
        if (oracle_) oracle_->know(program_id(planned.program), hint.salt, hint.tokens);
    }
    scheduler_.hint(program_id(planned.program), hint, now_);
}

void Simulation::end_program(int32_t program) {
    ProgramEnd & end = result_.programs[program];
    end.ended = now_;
    if (const auto report = scheduler_.program(program_id(program))) {
        end.service = report->service;
        end.lost_tokens = report->lost_tokens;
        end.waited = report->waited;
        end.acting = report->acting;
        end.pauses = report->pauses;
    }
    if (!config_.hints) return;
    Hint hint;
    hint.kind = Hint::Kind::finished;
    scheduler_.hint(program_id(program), hint, now_);
}

}  // namespace banyan::sim
