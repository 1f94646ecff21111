// NativeSimWorkload and NativeSimConfig of src/native/simulation.ts, checked.
#pragma once

#include "addon/napi-api.h"
#include "sim/simulation.h"

namespace banyan {

// Both throw Error INVALID_OPTION with the field.
sim::Workload parse_workload(const Napi::Value & value);
sim::SimConfig parse_sim_config(const Napi::Value & value);

}  // namespace banyan
