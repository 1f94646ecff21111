// Decides which programs are active: a cap on them decides between a cache that hits and one that thrashes. Watermarks
// protect the pages of programs that wait for a tool, because no running request holds a reference on those.
//
// Owns: the window, and when it was looked at last. Changed by: admitted, tick. Thread: the engine thread.
// Invariant: with nothing running every request passes, so the gate alone never keeps the engine idle.
#pragma once

#include <cstdint>

#include "core/activity/admission-window.h"
#include "core/activity/demand.h"
#include "core/activity/idle-programs.h"
#include "core/policy/decision-log.h"
#include "core/policy/policy.h"
#include "core/programs/program-table.h"
#include "core/requests/backlog.h"
#include "core/requests/sequence.h"
#include "core/requests/waiting-queue.h"

namespace banyan {

class Gate {
  public:
    Gate(const PolicyConfig & policy, int32_t reserve_percent, ProgramTable & programs, Demand & demand,
         IdlePrograms & idle, DecisionLog & log)
        : policy_(policy),
          mark_(std::max(0, policy.high - reserve_percent * 10)),
          programs_(programs),
          demand_(demand),
          idle_(idle),
          log_(log),
          window_(policy) {}

    GateClass class_of(const Sequence & seq) const;
    /** May its program be active beside those that are? For a request that is neither overdue nor alone. */
    bool passes(const Sequence & seq) const;
    /** The request has a slot and `cached` tokens: its program is active from now on. */
    void admitted(Sequence & seq, int32_t cached);
    /** Every policy.tick: fits the window, pauses programs. resume_*: counters of SchedulerStats. */
    void tick(Micros now, const Backlog & backlog, uint64_t resume_tokens, uint64_t resume_hits);
    int32_t window() const { return window_.size(); }

  private:
    void pause_some();
    void log_change(int32_t before);

    const PolicyConfig & policy_;
    const int32_t mark_;  // of demand, for programs that are not interactive
    ProgramTable & programs_;
    Demand & demand_;
    IdlePrograms & idle_;
    DecisionLog & log_;
    AdmissionWindow window_;
    Micros next_tick_ = 0;
    uint64_t tokens_at_tick_ = 0, hits_at_tick_ = 0;  // the counters at the last tick
};

}  // namespace banyan
