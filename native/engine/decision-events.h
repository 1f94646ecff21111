// The scheduler's decisions on their way to the readers of engine.decisions().
//
// Owns: decisions not yet taken. Changed by: record (the scheduler), take. Thread: the engine thread.
#pragma once

#include <vector>

#include "core/policy/decision-log.h"
#include "engine/event.h"

namespace banyan {

class DecisionEvents : public DecisionSink {
  public:
    void record(const Decision & decision) override { decisions_.push_back(decision); }

    /** Appends them as events, each with its sentence. */
    void take(std::vector<Event> & events);

  private:
    std::vector<Decision> decisions_;
};

}  // namespace banyan
