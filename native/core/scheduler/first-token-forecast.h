// Predicts when a request that comes now would have its first token, so that it can be refused at once (BACKPRESSURE).
//
// Owns: how long a call keeps its slot, smoothed. Changed by: call_ended. Thread: the engine thread.
#pragma once

#include <cstdint>

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

    /** A call gave its slot back after this time. */
    void call_ended(Micros took) { smooth(call_time_, took); }

    /** Span: all that goes before a request of this class, its own prompt, and a free slot. */
    Micros predict(Class cls, int32_t n_uncached, int32_t n_cached, const Backlog & backlog,
                   const RunningSet & running) const;

  private:
    const PolicyConfig & policy_;
    const CostModel & cost_;
    const StepPace & pace_;
    int32_t max_running_, max_batch_tokens_;
    Micros call_time_ = 0;
};

}  // namespace banyan
