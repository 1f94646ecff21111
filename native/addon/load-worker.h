// Loads an engine, with progress and an abort flag in shared memory.
#pragma once

#include <memory>
#include <optional>

#include "addon/long-work.h"
#include "addon/napi-api.h"
#include "engine/engine.h"
#include "runner/error.h"

namespace banyan {

class LoadWorker : public LongWork {
  public:
    /** `signal`: an Int32Array over a SharedArrayBuffer. */
    LoadWorker(const Napi::Promise::Deferred & deferred, EngineOptions options, const Napi::Function & on_events,
               const Napi::Function & on_progress, const Napi::Int32Array & signal);

  protected:
    void run() override;
    void finish(Napi::Env env) override;

  private:
    void progress(float fraction);

    Napi::Promise::Deferred deferred_;
    EngineOptions options_;
    Napi::FunctionReference on_events_;
    std::shared_ptr<Napi::FunctionReference> on_progress_;
    Napi::ObjectReference signal_ref_;
    const volatile int32_t * signal_;
    float reported_ = -1;
    std::unique_ptr<Engine> engine_;
    std::optional<Error> error_;
};

}  // namespace banyan
