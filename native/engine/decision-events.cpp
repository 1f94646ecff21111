#include "engine/decision-events.h"

#include <utility>

namespace banyan {

void DecisionEvents::take(std::vector<Event> & events) {
    for (Decision & decision : decisions_) {
        std::string text = describe(decision);
        events.push_back({0, DecisionEvent{std::move(decision), std::move(text)}});
    }
    decisions_.clear();
}

}  // namespace banyan
