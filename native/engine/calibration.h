// What steps of this model cost on this machine, measured before the first request.
//
// Owns: nothing. Changed by: nothing. Thread: any, while no other thread drives the runner. Invariant: the runner is
// left as it was found: what was written lies in pages without a holder.
#pragma once

#include <atomic>
#include <vector>

#include "core/costs/cost-model.h"
#include "core/types.h"
#include "runner/drafting/draft-reader.h"
#include "runner/runner.h"

namespace banyan {

struct MeasuredStep {
    StepShape shape;
    Micros took = 0;
};

struct CalibrationOptions {
    int32_t page_tokens = 32;
    int32_t n_pages = 1;
    int32_t max_running = 1;
    int32_t max_batch_tokens = 1;
    Micros budget = 0;  // no step is begun that would end after it, going by the ones before
};

/**
 * Runs steps of several shapes, as many as the budget has room for; a decode of one token at least. The time of each is
 * that of its quickest run. Empty: aborted, or the runner refused.
 */
std::vector<MeasuredStep> calibrate(Runner & runner, const CalibrationOptions & options,
                                    const std::atomic<bool> & abort);
/** The same of what drafts. */
std::vector<MeasuredStep> calibrate(DraftReader & reader, const CalibrationOptions & options,
                                    const std::atomic<bool> & abort);

/**
 * A copy of a recurrent state between its slot and host memory: the quickest of a few. 0: nothing is recurrent, or no
 * state can be saved. The first copy takes the memory of one saved state, which is kept for it.
 */
Picos time_state_copy(Runner & runner);

/** First constants from these steps; refitting while running does the rest. All 0 without measurements. */
CostConstants cost_of(const std::vector<MeasuredStep> & steps, Picos state_copy = 0);

}  // namespace banyan
