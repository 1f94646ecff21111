// A snapshot as the JavaScript object NativeSnapshot: each list of rows is a table of numbers.
#pragma once

#include "addon/napi-api.h"
#include "engine/engine-snapshot.h"

namespace banyan {

Napi::Object to_js(Napi::Env env, const EngineSnapshot & snapshot);

}  // namespace banyan
