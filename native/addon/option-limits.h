// What options may be, for TypeScript: `limits` of src/native/binding.ts.
#pragma once

#include "addon/napi-api.h"

namespace banyan {

/** By struct of options (load, request, hint, policy): each option's name, and what it may be. */
Napi::Object option_limits(Napi::Env env);

}  // namespace banyan
