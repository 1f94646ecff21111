// The addon's exports: Binding of src/native/binding.ts.
#include "addon/addon-data.h"
#include "addon/fields.h"
#include "addon/inventory-worker.h"
#include "addon/js-error.h"
#include "addon/load-worker.h"
#include "addon/option-limits.h"
#include "addon/parse-options.h"
#include "addon/record-layout.h"
#include "addon/simulate-worker.h"
#include "runner/backend.h"

namespace banyan {

namespace {

Napi::Function function_of(const Napi::Value & value, const char * field) {
    if (!value.IsFunction()) throw Error("INVALID_OPTION", std::string(field) + " must be a function", field);
    return value.As<Napi::Function>();
}

/** Shared memory cannot be detached while the load reads it on another thread. */
Napi::Int32Array signal_of(const Napi::Value & value) {
    const Error wrong("INVALID_OPTION", "signal must be an Int32Array over a SharedArrayBuffer", "signal");
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_int32_array) throw wrong;
    const auto array = value.As<Napi::Int32Array>();
    const auto shared = value.Env().Global().Get("SharedArrayBuffer").As<Napi::Function>();
    if (array.ElementLength() == 0 || !array.Get("buffer").As<Napi::Object>().InstanceOf(shared)) throw wrong;
    return array;
}

Napi::Value load_engine(const Napi::CallbackInfo & info) {
    return promised(info.Env(), [&](const Napi::Promise::Deferred & deferred) {
        EngineOptions options = parse_engine_options(info[0]);
        const Napi::Function on_events = function_of(info[1], "onEvents"),
                             on_progress = function_of(info[2], "onProgress");
        LongWork::start(info.Env(), std::make_unique<LoadWorker>(deferred, std::move(options), on_events, on_progress,
                                                                 signal_of(info[3])));
    });
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
    auto * data = new AddonData;
    env.SetInstanceData(data);
    data->engine_constructor = Napi::Persistent(NativeEngine::define(env));
    ShutdownHook::install(env);
    exports.Set("backend", backend::name());
    exports.Set("cpuReason", backend::cpu_reason());
    exports.Set("version", BANYAN_VERSION);
    exports.Set("llamaVersion", backend::llama_version());
    exports.Set("limits", option_limits(env));
    exports.Set("records", record_layouts(env));
    exports.Set("words", word_lists(env));
    exports.Set("loadEngine", Napi::Function::New(env, load_engine, "loadEngine"));
    exports.Set("keptModels", Napi::Function::New(env, kept_models, "keptModels"));
    exports.Set("removeKept", Napi::Function::New(env, remove_kept, "removeKept"));
    exports.Set("simulate", Napi::Function::New(env, simulate, "simulate"));
    return exports;
}

NODE_API_MODULE(engine, init)

}  // namespace

}  // namespace banyan
