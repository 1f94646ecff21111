// Which calls of a workload may start, and which no call needs any more.
//
// Owns: the state of every call. Changed by: roots, submitted, end, abort.
// Thread: one. Invariant: a call starts when enough of those before it have ended; it ends once, in one way.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/workload.h"

namespace banyan::sim {

enum class CallState : uint8_t { blocked, delayed, submitted, finished, cancelled, rejected };

class CallGraph {
  public:
    explicit CallGraph(const Workload & workload);

    CallState state(CallIndex call) const { return states_[call]; }
    void submitted(CallIndex call) { states_[call] = CallState::submitted; }

    /** What follows from an end: calls whose delay begins now, and submitted calls to take back from the engine. */
    struct Effects {
        std::vector<CallIndex> start;
        std::vector<CallIndex> withdraw;
        std::vector<CallIndex> tools;  // whose tool starts now
        std::vector<int32_t> finished_programs;
    };
    /** The calls that wait for no other call. */
    std::vector<CallIndex> roots();
    /** A call ended; rejected: the engine would not take it, so nothing that needs it can start. */
    void end(CallIndex call, bool rejected, Effects & effects);
    /** Its user gave up: every call of the program is cancelled, and those of others that needed them. */
    void abort(int32_t program, Effects & effects);

    bool tool_started(CallIndex call) const { return tool_started_[call]; }

  private:
    bool over(CallIndex call) const { return states_[call] >= CallState::finished; }
    void close(CallIndex call, CallState how, Effects & effects);
    void start_tool(CallIndex call, int32_t program, Effects & effects);
    void doom_unwanted(CallIndex call);
    void cancel_doomed(Effects & effects);

    const Workload * workload_;
    std::vector<CallState> states_;
    std::vector<int32_t> missing_;  // ends that a call still waits for
    std::vector<int32_t> alive_;    // of the calls before it, those that may still end well
    std::vector<bool> tool_started_;
    std::vector<std::vector<CallIndex>> next_;  // who waits for a call
    std::vector<std::vector<CallIndex>> of_program_;
    std::vector<int32_t> open_;      // by program
    std::vector<CallIndex> doomed_;  // to be cancelled before the current change is done
};

}  // namespace banyan::sim
