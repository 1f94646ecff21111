// How long a step may take, and how many prompt tokens fit into it.
//
// Owns: when interactive requests came and were answered last, by tenant. Changed by: interactive_came,
// interactive_ended. Thread: the engine thread.
// Invariant: a prompt gets some tokens of every step (least()), or it would wait for ever behind decoding requests.
#pragma once

#include <cstdint>

#include "core/costs/cost-model.h"
#include "core/policy/policy.h"
#include "core/types.h"

namespace banyan {

/** When something of a tenant was last, and of any other one. */
class LatestByTenant {
  public:
    void note(TenantId tenant, Micros now) {
        if (tenant != tenant_) of_another_ = last_;
        tenant_ = tenant;
        last_ = now;
    }
    Micros of_any() const { return last_; }
    Micros of_another_than(TenantId tenant) const { return tenant == tenant_ ? of_another_ : last_; }

  private:
    TenantId tenant_ = 0;
    Micros last_ = -kNever, of_another_ = -kNever;
};

class StepPace {
  public:
    StepPace(const PolicyConfig & policy, const CostModel & cost, int32_t max_batch_tokens);

    void interactive_came(TenantId tenant, Micros now) { came_.note(tenant, now); }
    void interactive_ended(TenantId tenant, Micros now) { ended_.note(tenant, now); }
    /** Are interactive requests of other tenants than this one to be expected? */
    bool may_another_come(TenantId tenant, Micros now) const {
        return now - came_.of_another_than(tenant) <= policy_.alert;
    }
    /** Was another tenant just answered? Who goes on from an answer asks again at once, as programs do. */
    bool awaits_another(TenantId tenant, Micros now) const {
        const Micros ended = ended_.of_another_than(tenant);
        return ended > came_.of_another_than(tenant) && now - ended <= policy_.coalesce[Class::interactive];
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
    LatestByTenant came_, ended_;
};

}  // namespace banyan
