#include "core/waiting-rank.h"

#include <tuple>

namespace banyan {

namespace {

auto before_arrival(const WaitingRank & r) {
    return std::tie(r.level, r.in_patience, r.overdrawn, r.is_new, r.late, r.deadline, r.service_level, r.round,
                    r.slots);
}

}  // namespace

bool WaitingRank::operator<(const WaitingRank & o) const {
    const auto mine = before_arrival(*this), other = before_arrival(o);
    if (mine != other) return mine < other;
    return std::tie(program, arrival) < std::tie(o.program, o.arrival);
}

bool WaitingRank::equals(const WaitingRank & o) const {
    return before_arrival(*this) == before_arrival(o);
}

}  // namespace banyan
