// Runs a function when the Node environment ends (process exit, worker terminated), unless destroyed before.
#pragma once

#include <functional>
#include <utility>

#include "addon/napi-api.h"

namespace banyan {

/** Hooks run latest first: one added after a thread-safe function runs before Node takes that function away. */
class CleanupHook {
  public:
    CleanupHook(Napi::Env env, std::function<void()> run) : env_(env), run_(std::move(run)) {
        napi_add_env_cleanup_hook(env_, call, this);
    }
    ~CleanupHook() {
        if (run_) napi_remove_env_cleanup_hook(env_, call, this);
    }
    CleanupHook(const CleanupHook &) = delete;
    CleanupHook & operator=(const CleanupHook &) = delete;

  private:
    static void call(void * self) {
        const auto run = std::exchange(static_cast<CleanupHook *>(self)->run_, nullptr);
        run();
    }

    napi_env env_;
    std::function<void()> run_;  // null: has run
};

}  // namespace banyan
