#include "core/requests/waiting-rank.h"

namespace banyan {

bool WaitingRank::operator<(const WaitingRank & o) const {
    if (first() != o.first()) return first() < o.first();
    if (deadline != o.deadline) return deadline < o.deadline;
    if (service_band != o.service_band) return service_band < o.service_band;
    if (round != o.round) return round < o.round;
    if (slots != o.slots) return slots < o.slots;
    if (program != o.program) return program < o.program;
    return arrival < o.arrival;
}

bool WaitingRank::equals(const WaitingRank & o) const {
    return first() == o.first() && deadline == o.deadline && service_band == o.service_band && round == o.round &&
           slots == o.slots;
}

}  // namespace banyan
