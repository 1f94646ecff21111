// The order of admission among waiting requests: least first.
#pragma once

#include <cstdint>

#include "core/types.h"

namespace banyan {

struct WaitingRank {
    int32_t level = 0;        // class, lifted by age
    bool in_patience = true;  // false: waited so long that it goes before all others of its level
    bool overdrawn = false;   // its tenant has had more than its turn, and others of the level wait
    bool is_new = true;       // false: was preempted
    bool late = true;         // false: its program came back within its TTL
    Micros deadline = kNever;
    int32_t service_level = 0;  // of its program: attained service in steps
    int64_t round = 0;          // of its tenant: turns taken
    int32_t slots = 0;          // that its program has already
    uint64_t program = 0;       // arrival of its program
    uint64_t arrival = 0;

    bool operator<(const WaitingRank & o) const;
    /** Only the order of arrival tells them apart. */
    bool equals(const WaitingRank & o) const;
};

}  // namespace banyan
