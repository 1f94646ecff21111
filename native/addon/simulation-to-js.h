// A simulation's result as NativeSimResult of src/native/simulation.ts: columns, so that 100,000 calls are a few
// arrays.
#pragma once

#include "addon/napi-api.h"
#include "sim/sim-result.h"

namespace banyan {

Napi::Object to_js(Napi::Env env, const sim::SimResult & result);

}  // namespace banyan
