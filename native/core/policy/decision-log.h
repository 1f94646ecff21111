// Counts every decision, and writes it to a sink while there is one.
//
// Owns: how often each kind of decision was made. A sink is passed in; without one a decision costs a comparison.
// Changed by: set_now (at the start of each call of the scheduler), write, write_to. Thread: the engine thread.
// Invariant: same calls of the scheduler with the same arguments, same records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "core/policy/decision.h"

namespace banyan {

/** Takes records inside submit, hint, schedule, commit and cancel. Must not call the scheduler. */
class DecisionSink {
  public:
    virtual ~DecisionSink() = default;
    virtual void record(const Decision & decision) = 0;
};

class DecisionLog {
  public:
    /** The time of the records to come. */
    void set_now(Micros now) { now_ = now; }
    /** nullptr: nowhere. */
    void write_to(DecisionSink * sink) { sink_ = sink; }

    /** About a request, a program, or (0, 0) neither. */
    void write(RequestId request, ProgramId program, decision::What what) {
        ++counts_[what.index()];
        if (sink_) sink_->record({now_, request, program, std::move(what)});
    }

    /** By Decision::Kind. */
    const RuleCounts & counts() const { return counts_; }

  private:
    DecisionSink * sink_ = nullptr;
    Micros now_ = 0;
    RuleCounts counts_{};
};

}  // namespace banyan
