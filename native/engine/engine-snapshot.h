// What an engine shows of itself at one moment: the scheduler's snapshot, and the latest steps.
#pragma once

#include <vector>

#include "core/scheduler/snapshot.h"
#include "engine/step-log.h"

namespace banyan {

struct EngineSnapshot {
    Snapshot scheduler;
    std::vector<StepRow> steps;  // the oldest first
    Micros at = 0;               // on the clock of decisions
    Micros took = 0;             // of the engine thread, to make it

    template <typename See>
    void each_field(See && see) const {
        scheduler.each_field(see);
        see("atMs", Millis{at});
        see("tookMs", Millis{took});
    }
};

}  // namespace banyan
