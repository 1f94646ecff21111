// What the addon keeps for each Node environment (the main thread and every worker have their own).
#pragma once

#include <memory>
#include <set>
#include <unordered_map>

#include "addon/long-work.h"
#include "addon/napi-api.h"
#include "addon/native-engine.h"
#include "addon/shutdown-hook.h"

namespace banyan {

struct AddonData {
    static AddonData & of(Napi::Env env) { return *env.GetInstanceData<AddonData>(); }

    Napi::FunctionReference engine_constructor;
    NativeEngine::Parts * parts = nullptr;    // of the engine that is being constructed, else null
    std::set<ShutdownHook *> shutdown_hooks;  // alive and not yet called by Node's cleanup
    std::unordered_map<LongWork *, std::unique_ptr<LongWork>> works;  // under way
};

}  // namespace banyan
