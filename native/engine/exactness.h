// Whether the promise of `exact` holds for this model on this machine, tried before the first request.
//
// Owns: nothing. Changed by: nothing. Thread: any, while no other thread drives the runner. Invariant: the runner is left
// as it was found: what was written lies in pages without a holder.
#pragma once

#include "runner/runner.h"

namespace banyan {

class Model;

/**
 * Computes a few tokens one by one and as one row of a step, and compares the bits of their logits. Throws Error
 * INVALID_OPTION where they differ, or where it is known that they may: without paged attention on a CPU.
 */
void check_exactness(Runner & runner, const Model & model, const RunnerOptions & options);

}  // namespace banyan
