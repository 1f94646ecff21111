// Runs a simulation on Node's thread pool: minutes of an engine's time in seconds of this machine's.
#pragma once

#include <atomic>
#include <optional>

#include "addon/napi-api.h"
#include "addon/shutdown-hook.h"
#include "runner/error.h"
#include "sim/simulation.h"

namespace banyan {

class SimulateWorker : public Napi::AsyncWorker {
  public:
    SimulateWorker(Napi::Env env, const Napi::Promise::Deferred & deferred, sim::Workload workload,
                   const sim::SimConfig & config);

  protected:
    void Execute() override;
    void OnOK() override;

  private:
    Napi::Promise::Deferred deferred_;
    const sim::Workload workload_;
    const sim::SimConfig config_;
    sim::SimResult result_;
    std::atomic<bool> abort_{false};
    std::optional<Error> error_;
    ShutdownHook shutdown_;  // last: destroyed first
};

/** simulate(workload, config): a promise of NativeSimResult. */
Napi::Value simulate(const Napi::CallbackInfo & info);

}  // namespace banyan
