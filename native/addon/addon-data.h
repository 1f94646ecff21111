// What the addon keeps for each Node environment (the main thread and every worker have their own).
#pragma once

#include "addon/napi-api.h"
#include "addon/native-engine.h"

namespace banyan {

struct AddonData {
    static AddonData & of(Napi::Env env) { return *env.GetInstanceData<AddonData>(); }

    Napi::FunctionReference engine_constructor;
    NativeEngine::Parts * parts = nullptr;  // of the engine that is being constructed, else null
};

}  // namespace banyan
