// Starts requests together that would otherwise start one after the other.
//
// Owns: how often a request was followed by another in time, and when the last one came. Changed by: arrived.
// Thread: the engine thread.
// Invariant: a request that is likely to stay alone never waits; none waits longer than the policy's times.
#pragma once

#include <cstdint>
#include <optional>

#include "core/costs/cost-model.h"
#include "core/policy/policy.h"
#include "core/requests/backlog.h"
#include "core/requests/running-set.h"
#include "core/types.h"

namespace banyan {

class Coalescer {
  public:
    /** group_size: of dynamic and fixed batching, requests that start together. */
    Coalescer(const PolicyConfig & policy, const CostModel & cost, int32_t max_running, int32_t max_batch_tokens);

    /** A request came; alone: nothing ran or waited. */
    void arrived(bool alone, Micros now);

    /**
     * Continuous batching: until when the step waits for another request to share it with; nullopt: it does not wait.
     * A step costs something before it computes anything; two requests that come close together pay that once if the
     * first waits. It waits only while nothing else could be computed and the step would not be full, if most requests
     * have lately been followed by another within the time that joining saves, and no longer than that.
     */
    std::optional<Micros> waits_for_another(const Backlog & backlog, const RunningSet & running, Micros now) const;

    /**
     * Dynamic and fixed batching: until when no request starts (kNever: until the group that runs has ended); nullopt:
     * the next group is full, or has waited long enough.
     */
    std::optional<Micros> waits_for_group(const Backlog & backlog, const RunningSet & running, Micros now) const;
    bool is_group_full(const RunningSet & running) const {
        return policy_.batching != Batching::continuous && running.size() >= group_size_;
    }

  private:
    Micros saved() const { return cost_.step(StepShape{}); }

    const PolicyConfig & policy_;
    const CostModel & cost_;
    int32_t max_running_, max_batch_tokens_, group_size_;
    int32_t followed_ = 0;  // thousandths of requests that came alone and were followed within saved()
    Micros last_arrival_ = 0;
    bool last_was_alone_ = false;
};

}  // namespace banyan
