#include "addon/shutdown-hook.h"

#include <utility>

#include "addon/addon-data.h"

namespace banyan {

ShutdownHook::ShutdownHook(Napi::Env env, std::function<void()> run) : env_(env), run_(std::move(run)) {
    napi_add_env_cleanup_hook(env_, on_cleanup, this);
    AddonData::of(env_).shutdown_hooks.insert(this);
}

ShutdownHook::~ShutdownHook() {
    if (!registered_) return;
    napi_remove_env_cleanup_hook(env_, on_cleanup, this);
    AddonData::of(env_).shutdown_hooks.erase(this);
}

void ShutdownHook::on_cleanup(void * self) {
    auto * hook = static_cast<ShutdownHook *>(self);
    hook->registered_ = false;
    hook->run();
}

void ShutdownHook::run() {
    if (const auto run = std::exchange(run_, nullptr)) run();
}

void ShutdownHook::install(Napi::Env env) {
    const auto process = env.Global().Get("process").As<Napi::Object>();
    const auto on_exit = Napi::Function::New(env, [](const Napi::CallbackInfo & info) {
        for (ShutdownHook * hook : AddonData::of(info.Env()).shutdown_hooks) hook->run();
    });
    process.Get("once").As<Napi::Function>().Call(process, {Napi::String::New(env, "exit"), on_exit});
}

}  // namespace banyan
