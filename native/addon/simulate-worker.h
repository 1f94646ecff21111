// Runs a simulation: minutes of an engine's time in seconds of this machine's.
#pragma once

#include <optional>

#include "addon/long-work.h"
#include "addon/napi-api.h"
#include "runner/error.h"
#include "sim/simulation.h"

namespace banyan {

class SimulateWorker : public LongWork {
  public:
    SimulateWorker(Napi::Env env, const Napi::Promise::Deferred & deferred, sim::Workload workload,
                   const sim::SimConfig & config);

  protected:
    void run() override;
    void finish(Napi::Env env) override;

  private:
    Napi::Promise::Deferred deferred_;
    const sim::Workload workload_;
    const sim::SimConfig config_;
    sim::SimResult result_;
    std::optional<Error> error_;
};

/** simulate(workload, config): a promise of NativeSimResult. */
Napi::Value simulate(const Napi::CallbackInfo & info);

}  // namespace banyan
