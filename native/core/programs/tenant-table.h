// How much service each tenant has had, so that those who wait share the engine fairly.
//
// Owns: one entry a tenant with live requests, or with more service than a newcomer would start at.
// Changed by: the scheduler (enter, leave, charge, admitted); Backlog and RunningSet count its requests. Thread: the
// engine thread.
// Invariant: service never decreases. It is counted in tokens of weight 1: a token of a tenant of weight w adds 1 / w,
// with nothing lost by rounding, so that tenants of equal service have had tokens as their weights are. A tenant that
// comes (back) starts at the service of the one admitted last, at least: no tenant saves up a right to be first by
// staying away (start-time fair queueing, Goyal et al. 1996; for LLM serving: VTC, Sheng et al., OSDI 2024). Tenants
// take turns of a quantum of tokens, inside of which locality rules: deficit longest-prefix matching (DLPM, Cao et al.
// 2025).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "core/types.h"

namespace banyan {

struct Tenant {
    int64_t service = 0;  // tokens run through the model for it, by its weight
    int32_t weight = 1;   // [1, kMostTenantWeight]
    int64_t rest = 0;  // tokens that make no whole one of weight 1 yet: [0, weight), less after a change of the weight
    int32_t live = 0;  // requests that are waiting or running
    int32_t waiting = 0;  // of those
    PerClass<int32_t> waiting_of{};
    int32_t running = 0;  // and those with a slot
};

/** Has it fewer slots for its weight than the other? */
inline bool has_fewer_slots(const Tenant & a, const Tenant & b) {
    return int64_t{a.running} * b.weight < int64_t{b.running} * a.weight;
}

/** Would `to` with one slot more still have no more for its weight than `from` with one less? */
inline bool may_take_slot(const Tenant & to, const Tenant & from) {
    return int64_t{to.running + 1} * from.weight <= int64_t{from.running - 1} * to.weight;
}

class TenantTable {
  public:
    /** A request of the tenant was submitted, by which it has this weight from now on. The entry does not move until
     * the matching leave(). */
    Tenant & enter(TenantId tenant, int32_t weight);
    /** A request of the tenant has ended. */
    void leave(TenantId tenant);

    static void charge(Tenant & tenant, int64_t n_tokens);
    /** One of its requests was given a slot. */
    void admitted(const Tenant & tenant);

    /** Least service among tenants with waiting requests; INT64_MAX: none waits. O(1) for a single tenant. */
    int64_t least_backlogged() const;

    /** May a tenant with a waiting request of this class or a better one take a slot of this one? */
    bool any_may_take_slot(const Tenant & from, EffectiveClass worst) const;
    /** May all other tenants with waiting requests take a slot of this one? */
    bool all_may_take_slot(const Tenant & from) const;

    /**
     * Of all waiting requests, those that go before the next one of this tenant, by turns alone: all of its own, and of
     * each other tenant as many as its weight beside this one's says.
     */
    int32_t waiting_before(TenantId tenant, int32_t weight) const;

    const Tenant * find(TenantId tenant) const;
    size_t size() const { return tenants_.size(); }

  private:
    void forget_idle();

    std::map<TenantId, Tenant> tenants_;
    int64_t start_ = 0;  // where a newcomer starts
    size_t n_idle_ = 0;
};

}  // namespace banyan
