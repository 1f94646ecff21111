#include "addon/simulate-worker.h"

#include <utility>

#include "addon/js-error.h"
#include "addon/parse-simulation.h"
#include "addon/simulation-to-js.h"

namespace banyan {

SimulateWorker::SimulateWorker(Napi::Env env, const Napi::Promise::Deferred & deferred, sim::Workload workload,
                               const sim::SimConfig & config)
    : LongWork(env), deferred_(deferred), workload_(std::move(workload)), config_(config) {}

void SimulateWorker::run() {
    try {
        result_ = sim::Simulation(workload_, config_).run(abort_);
    } catch (...) {
        error_ = current_error();
    }
}

void SimulateWorker::finish(Napi::Env env) {
    pump_->close();
    or_reject(deferred_, [&] {
        if (error_) throw *error_;
        if (result_.aborted) throw Error("ABORTED", "the simulation was aborted");
        deferred_.Resolve(to_js(env, result_));
    });
}

Napi::Value simulate(const Napi::CallbackInfo & info) {
    return promised(info.Env(), [&](const Napi::Promise::Deferred & deferred) {
        const sim::SimConfig config = parse_sim_config(info[1]);
        sim::Workload workload = parse_workload(info[0]);
        LongWork::start(info.Env(),
                        std::make_unique<SimulateWorker>(info.Env(), deferred, std::move(workload), config));
    });
}

}  // namespace banyan
