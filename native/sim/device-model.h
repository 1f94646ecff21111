// How long a step takes on the simulated machine: a roofline in integers, so that the virtual clock is exact
// everywhere.
//
// Owns: nothing. Thread: any. Invariant: the truth of the simulation; the scheduler never reads it, it only sees how
// long its steps took, as on a real device.
#pragma once

#include <cstdint>

#include "core/steps/batch.h"
#include "core/types.h"

namespace banyan::sim {

/** Where the constants for a GPU come from is said beside them, in testing/simulator/devices.ts. */
struct DeviceModel {
    int64_t step_ns = 0;     // a step, whatever it holds: launches, sampling, the host
    int64_t weights_ns = 0;  // reading all weights once: the floor of the linear layers
    int64_t token_ns = 0;    // linear layers for one token: compute
    int64_t pair_ps = 0;     // attention of one token of a chunk to one token before it: compute
    int64_t read_ps = 0;     // reading the KV of one token once: memory
    int64_t row_ns = 0;      // sampling one token
    // Of a model with recurrent layers: a copy of their state. Its rows of different lengths are computed one after
    // another, and each time the weights are read. 0: it has none.
    int64_t state_ns = 0;
};

/** At least 1. */
Micros step_time(const DeviceModel & device, const Batch & batch);

}  // namespace banyan::sim
