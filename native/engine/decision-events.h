// The scheduler's decisions on their way to whoever wants to read them.
//
// Owns: decisions not yet taken. Changed by: record (the scheduler), take. Thread: the engine thread.
#pragma once

#include <vector>

#include "core/scheduler.h"
#include "engine/event.h"

namespace banyan {

class DecisionEvents : public DecisionSink {
  public:
    void record(const Decision & decision) override { decisions_.push_back(decision); }

    /** Appends them as events, in words; `scheduler` knows what a decision alone does not say. */
    void take(const Scheduler & scheduler, std::vector<Event> & events);

  private:
    std::vector<Decision> decisions_;
};

}  // namespace banyan
