// Predicts when a request that comes now would have its first token, so that it can be refused at once (BACKPRESSURE).
//
// Owns: how long a call keeps its slot and how often requests come, both smoothed; how far predictions fell short.
// Changed by: came, call_ended, told. Thread: the engine thread. Invariant: integers only, and requests without a limit
// change nothing but what is known of calls: no decision about them reads this.
#pragma once

#include <cstdint>
#include <vector>

#include "core/costs/cost-model.h"
#include "core/policy/policy.h"
#include "core/requests/backlog.h"
#include "core/requests/running-set.h"
#include "core/steps/step-pace.h"
#include "core/types.h"

namespace banyan {

class FirstTokenForecast {
  public:
    FirstTokenForecast(const PolicyConfig & policy, const CostModel & cost, const StepPace & pace, int32_t max_running,
                       int32_t max_batch_tokens)
        : policy_(policy), cost_(cost), pace_(pace), max_running_(max_running), max_batch_tokens_(max_batch_tokens) {}

    /** A request of this class was accepted. */
    void came(Class cls, Micros now);
    /** A call came to its end, after this time in its slot. others_wait: so all slots were taken. */
    void call_ended(Micros took, bool others_wait);
    /** A first token came after `actual`, where `predicted` was foretold. */
    void told(Class cls, Micros predicted, Micros actual);

    /** Who asks: slots and weight of its tenant, and how many waiting requests go before by the turns of tenants. */
    struct Turn {
        Tenant tenant;
        int32_t n_before;
    };
    /**
     * Span: until a slot is free for a request of this class, and its prompt is computed in steps that it shares with
     * those that decode; or, if that is longer, until all prompts that go before it are computed.
     */
    Micros predict(Class cls, int32_t n_uncached, int32_t n_cached, const Turn & turn, const Backlog & backlog,
                   const RunningSet & running, Micros now) const;

    /** The span within which 19 of 20 predictions like this one came true. */
    Micros at_most(Class cls, Micros predicted) const { return predicted + predicted * short_by_[cls] / 1000; }
    /** The span after which a request of which this is predicted now would be taken: at_most() is within its limit
     * then. */
    Micros until_within(Class cls, Micros predicted, Micros limit) const {
        return predicted - limit * 1000 / (1000 + short_by_[cls]);
    }

  private:
    Micros in_steps(const StepShape & prompts, const StepShape & decodes, Micros target) const;
    Micros until_slot(int32_t n_before, const std::vector<Micros> & left) const;
    Micros left_of_call(Micros passed) const;
    Micros overtaken(Class cls, Micros wait, Micros now) const;

    const PolicyConfig & policy_;
    const CostModel & cost_;
    const StepPace & pace_;
    int32_t max_running_, max_batch_tokens_;
    Micros call_time_ = 0;
    int64_t crowded_calls_ = 0;            // that it is the mean of: calls that ended while others waited
    PerClass<Micros> last_{}, between_{};  // between_: two requests of the class; 0: not known
    PerClass<int64_t> short_by_{};         // of a prediction, in thousandths
};

}  // namespace banyan
