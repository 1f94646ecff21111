// Loads an engine on Node's thread pool, with progress and an abort flag in shared memory.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "addon/event-pump.h"
#include "addon/napi-api.h"
#include "addon/shutdown-hook.h"
#include "engine/engine.h"
#include "runner/error.h"

namespace banyan {

class LoadWorker : public Napi::AsyncWorker {
  public:
    /** `signal`: an Int32Array over a SharedArrayBuffer. */
    LoadWorker(const Napi::Promise::Deferred & deferred, EngineOptions options, const Napi::Function & on_events,
               const Napi::Function & on_progress, const Napi::Int32Array & signal);

  protected:
    void Execute() override;
    void OnOK() override;

  private:
    void progress(float fraction);

    Napi::Promise::Deferred deferred_;
    EngineOptions options_;
    Napi::FunctionReference on_events_;
    std::shared_ptr<Napi::FunctionReference> on_progress_;
    Napi::ObjectReference signal_ref_;
    const volatile int32_t * signal_;
    std::shared_ptr<EventPump> pump_;
    std::atomic<bool> abort_{false};
    float reported_ = -1;
    std::unique_ptr<Engine> engine_;
    std::optional<Error> error_;
    ShutdownHook shutdown_;  // last: destroyed first
};

}  // namespace banyan
