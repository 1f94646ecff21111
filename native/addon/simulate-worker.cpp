#include "addon/simulate-worker.h"

#include <utility>

#include "addon/js-error.h"
#include "addon/parse-simulation.h"
#include "addon/simulation-to-js.h"

namespace banyan {

SimulateWorker::SimulateWorker(Napi::Env env, const Napi::Promise::Deferred & deferred, sim::Workload workload,
                               const sim::SimConfig & config)
    : AsyncWorker(env, "banyan:simulate"),
      deferred_(deferred),
      workload_(std::move(workload)),
      config_(config),
      shutdown_(env, [this] { abort_ = true; }) {}

void SimulateWorker::Execute() {
    try {
        result_ = sim::Simulation(workload_, config_).run(abort_);
    } catch (...) {
        error_ = current_error();
    }
}

void SimulateWorker::OnOK() {
    or_reject(deferred_, [&] {
        if (error_) throw *error_;
        if (result_.aborted) throw Error("ABORTED", "the simulation was aborted");
        deferred_.Resolve(to_js(Env(), result_));
    });
}

Napi::Value simulate(const Napi::CallbackInfo & info) {
    return promised(info.Env(), [&](const Napi::Promise::Deferred & deferred) {
        const sim::SimConfig config = parse_sim_config(info[1]);
        (new SimulateWorker(info.Env(), deferred, parse_workload(info[0]), config))->Queue();
    });
}

}  // namespace banyan
