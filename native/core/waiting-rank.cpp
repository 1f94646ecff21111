#include "core/waiting-rank.h"

namespace banyan {

bool WaitingRank::operator<(const WaitingRank & o) const {
    if (first() != o.first()) return first() < o.first();
    if (deadline != o.deadline) return deadline < o.deadline;
    if (service_level != o.service_level) return service_level < o.service_level;
    if (round != o.round) return round < o.round;
    if (slots != o.slots) return slots < o.slots;
    if (program != o.program) return program < o.program;
    return arrival < o.arrival;
}

bool WaitingRank::equals(const WaitingRank & o) const {
    return first() == o.first() && deadline == o.deadline && service_level == o.service_level && round == o.round &&
           slots == o.slots;
}

}  // namespace banyan
