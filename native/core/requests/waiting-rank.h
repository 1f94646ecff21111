// The order of admission among waiting requests: least first.
#pragma once

#include <cstdint>

#include "core/types.h"

namespace banyan {

struct WaitingRank {
    uint8_t effective_class = 0;  // class, lifted by age
    bool below_share = false;  // its tenant has fewer slots for its weight than another, and not had more than its turn
    bool in_patience = true;   // false: waited so long that it goes before all others of its class
    bool overdrawn = false;    // its tenant has had more than its turn, and others of the class wait
    bool is_new = true;        // false: was preempted
    bool late = true;          // false: its program came back while its pages were kept
    uint8_t service_band = 0;  // of its program: attained service, coarsely
    int16_t slots = 0;         // that its program has already
    Micros deadline = kNever;
    int64_t round = 0;     // of its tenant: turns taken
    uint64_t program = 0;  // arrival of its program
    uint64_t arrival = 0;

    bool operator<(const WaitingRank & o) const;
    /** Only the order of arrival tells them apart. */
    bool equals(const WaitingRank & o) const;

  private:
    /** The fields that are compared first, in one number. */
    uint32_t first() const {
        return effective_class << 5 | !below_share << 4 | in_patience << 3 | overdrawn << 2 | is_new << 1 |
               uint32_t{late};
    }
};

}  // namespace banyan
