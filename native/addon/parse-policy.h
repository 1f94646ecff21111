// NativePolicy of src/native/policy.ts: the fields that are there, over the defaults.
#pragma once

#include <string>

#include "addon/napi-api.h"
#include "core/scheduler/scheduler.h"

namespace banyan {

/**
 * undefined and null: the defaults. Throws Error INVALID_OPTION, with `prefix` before the field's name, for an unknown
 * field and for a wrong type. What the numbers may be is validate()'s business.
 */
PolicyConfig parse_policy(const Napi::Value & value, const std::string & prefix = "policy.");

/** Throws Error INVALID_OPTION, with the field as JavaScript knows it (`prefix`, camelCase), unless it can be run. */
void check_config(const SchedulerConfig & config, const std::string & prefix = "policy.");

}  // namespace banyan
