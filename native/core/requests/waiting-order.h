// The order among waiting requests at one moment: which class each counts as, and which of a class goes first.
//
// Owns: nothing; made anew for each look at the backlog. Thread: the engine thread.
// Invariant: pure: the same sequence at the same moment has the same rank.
#pragma once

#include <cstdint>

#include "core/policy/policy.h"
#include "core/requests/sequence.h"
#include "core/requests/waiting-rank.h"
#include "core/types.h"

namespace banyan {

class WaitingOrder {
  public:
    /**
     * service_tells_end: thousandths, as ServiceCorrelation gives it. least_service: of the tenants with waiting
     * requests, the least served. of_most_served: a running one of the tenant with most slots for its weight; nullptr:
     * nothing runs.
     */
    WaitingOrder(const PolicyConfig & policy, Micros now, int32_t service_tells_end, int64_t least_service,
                 const Sequence * of_most_served)
        : policy_(policy),
          now_(now),
          service_tells_end_(service_tells_end),
          least_service_(least_service),
          most_served_(of_most_served ? *of_most_served->tenant : Tenant{}) {}

    /** Its class; where it may be lifted, better by one for every `age` waited, never better than interactive. */
    EffectiveClass effective_class(const Sequence & seq, bool may_lift) const;
    /** Waited so long that it goes before all others of its class, past the gate, and into the reserve. */
    bool is_overdue(const Sequence & seq) const;
    /**
     * Has its tenant so much fewer slots for its weight than the tenant with most that it may take one of these? Not
     * one that has had more than its turn. At the moment that this order is of.
     */
    bool is_below_share(const Sequence & seq) const;
    WaitingRank rank(const Sequence & seq, bool may_lift) const;

  private:
    bool is_overdrawn(const Sequence & seq) const;
    int32_t service_band(const Sequence & seq) const;

    const PolicyConfig & policy_;
    Micros now_;
    int32_t service_tells_end_;
    int64_t least_service_;
    Tenant most_served_;
};

}  // namespace banyan
