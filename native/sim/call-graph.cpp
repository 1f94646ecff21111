#include "sim/call-graph.h"

namespace banyan::sim {

CallGraph::CallGraph(const Workload & workload)
    : workload_(&workload),
      states_(workload.calls.size(), CallState::blocked),
      tool_started_(workload.calls.size(), false),
      next_(workload.calls.size()),
      of_program_(workload.programs.size()),
      open_(workload.programs.size(), 0) {
    for (CallIndex at = 0; at < static_cast<CallIndex>(workload.calls.size()); ++at) {
        const Call & call = workload.calls[at];
        const int32_t n_before = static_cast<int32_t>(call.after.size());
        missing_.push_back(call.need > 0 ? call.need : n_before);
        alive_.push_back(n_before);
        for (const CallIndex before : call.after) next_[before].push_back(at);
        of_program_[call.program].push_back(at);
        ++open_[call.program];
    }
}

std::vector<CallIndex> CallGraph::roots() {
    std::vector<CallIndex> free;
    for (CallIndex at = 0; at < static_cast<CallIndex>(states_.size()); ++at) {
        if (missing_[at] > 0) continue;
        states_[at] = CallState::delayed;
        free.push_back(at);
    }
    return free;
}

void CallGraph::end(CallIndex call, bool rejected, Effects & effects) {
    if (over(call)) return;
    close(call, rejected ? CallState::rejected : CallState::finished, effects);
    cancel_doomed(effects);
}

void CallGraph::abort(int32_t program, Effects & effects) {
    doomed_ = of_program_[program];
    cancel_doomed(effects);
}

/** Moves a call to its end and tells those that wait for it. */
void CallGraph::close(CallIndex call, CallState how, Effects & effects) {
    if (states_[call] == CallState::submitted && how == CallState::cancelled) effects.withdraw.push_back(call);
    states_[call] = how;
    const int32_t program = workload_->calls[call].program;
    if (--open_[program] == 0) effects.finished_programs.push_back(program);
    for (const CallIndex after : next_[call]) {
        if (states_[after] != CallState::blocked) continue;
        --alive_[after];
        if (how == CallState::finished) {
            --missing_[after];
            start_tool(after, program, effects);
        }
        if (missing_[after] == 0) {
            states_[after] = CallState::delayed;
            effects.start.push_back(after);
            doom_unwanted(after);
        } else if (alive_[after] < missing_[after]) {
            doomed_.push_back(after);
        }
    }
}

/** A program's tool starts when the first call before it, of that program, has ended. */
void CallGraph::start_tool(CallIndex call, int32_t program, Effects & effects) {
    const Call & planned = workload_->calls[call];
    if (planned.tool.empty() || planned.program != program || tool_started_[call]) return;
    tool_started_[call] = true;
    effects.tools.push_back(call);
}

/** `call` waits for no other call any more: those before it that no other call waits for either are not needed. */
void CallGraph::doom_unwanted(CallIndex call) {
    for (const CallIndex before : workload_->calls[call].after) {
        if (over(before)) continue;
        bool wanted = false;
        for (const CallIndex other : next_[before]) wanted = wanted || states_[other] == CallState::blocked;
        if (!wanted) doomed_.push_back(before);
    }
}

/** A list, not a recursion: a chain may be as long as a workload. */
void CallGraph::cancel_doomed(Effects & effects) {
    while (!doomed_.empty()) {
        const CallIndex call = doomed_.back();
        doomed_.pop_back();
        if (over(call)) continue;
        close(call, CallState::cancelled, effects);
        doom_unwanted(call);
    }
}

}  // namespace banyan::sim
