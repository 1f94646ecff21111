#include "engine/decision-events.h"

#include <optional>

namespace banyan {

void DecisionEvents::take(const Scheduler & scheduler, std::vector<Event> & events) {
    for (const Decision & decision : decisions_) {
        std::string text = describe(decision);
        if (decision.kind == Decision::Kind::retain) {
            const std::optional<ProgramReport> program = scheduler.program(decision.program);
            if (program) text = describe(program->retention);
        }
        events.push_back({0, DecisionEvent{decision, std::move(text)}});
    }
    decisions_.clear();
}

}  // namespace banyan
