// How long a step may take, and how many prompt tokens fit into it.
//
// Owns: when an interactive request came last, and of another tenant than that one's. Changed by: interactive_came.
// Thread: the engine thread.
// Invariant: a prompt gets some tokens of every step (least()), or it would wait for ever behind decoding requests.
#pragma once

#include <cstdint>

#include "core/costs/cost-model.h"
#include "core/policy/policy.h"
#include "core/types.h"

namespace banyan {

class StepPace {
  public:
    StepPace(const PolicyConfig & policy, const CostModel & cost, int32_t max_batch_tokens);

    void interactive_came(TenantId tenant, Micros now) {
        if (tenant != last_tenant_) last_of_another_ = last_interactive_;
        last_tenant_ = tenant;
        last_interactive_ = now;
    }
    /** Are interactive requests of other tenants than this one to be expected? */
    bool may_another_come(TenantId tenant, Micros now) const {
        return now - (tenant == last_tenant_ ? last_of_another_ : last_interactive_) <= policy_.alert;
    }

    /** Prompt tokens of a step that has any, whatever it takes. */
    int32_t least() const { return least_; }
    /** No step is limited by time: nothing is known of what steps take, or the policy does not care. */
    bool unlimited() const { return policy_.is_fcfs() || !cost_.calibrated(); }
    /** The longest step for prompts that are in no hurry, while interactive requests are to be expected. */
    Micros alert_target(Micros now) const;

    /**
     * Of n_tokens after n_past, the most that keep the predicted step within the target: a multiple of the tile unless
     * all fit. `planned` is the step so far.
     */
    int32_t within(int32_t n_past, int32_t n_tokens, const StepShape & planned, Micros target, int32_t tile) const;
    /** The same with the policy's tile, but enough for the step's least() with the n_planned before. */
    int32_t affordable(int32_t n_past, int32_t n_tokens, int32_t n_planned, const StepShape & planned,
                       Micros target) const;
    /**
     * Prompt tokens of a step so short that only a request which comes meanwhile waits for it. At least one: a cost
     * model that is wrong for a moment must not give the prompt up, and no step is shorter.
     */
    int32_t ahead(int32_t n_past, int32_t n_tokens) const;

  private:
    /** As long as an interactive request waits for another anyway, or so many empty steps where those take longer. */
    Micros short_step(int32_t n_empty) const;

    const PolicyConfig & policy_;
    const CostModel & cost_;
    int32_t max_batch_tokens_, least_;
    TenantId last_tenant_ = 0;
    Micros last_interactive_ = -kNever, last_of_another_ = -kNever;
};

}  // namespace banyan
