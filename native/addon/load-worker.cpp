#include "addon/load-worker.h"

#include <utility>

#include "addon/js-error.h"
#include "addon/native-engine.h"

namespace banyan {

LoadWorker::LoadWorker(const Napi::Promise::Deferred & deferred, EngineOptions options,
                       const Napi::Function & on_events, const Napi::Function & on_progress,
                       const Napi::Int32Array & signal)
    : LongWork(on_events.Env()),
      deferred_(deferred),
      options_(std::move(options)),
      on_events_(Napi::Persistent(on_events)),
      on_progress_(std::make_shared<Napi::FunctionReference>(Napi::Persistent(on_progress))),
      signal_ref_(Napi::Persistent(signal.As<Napi::Object>())),
      signal_(signal.Data()) {}

void LoadWorker::progress(float fraction) {
    if (*signal_ != 0) abort_ = true;
    if (fraction < reported_ + 0.01f && fraction < 1) return;
    reported_ = fraction;
    pump_->answer([on_progress = on_progress_, fraction](Napi::Env env) {
        on_progress->Call({Napi::Number::New(env, fraction)});
    });
}

void LoadWorker::run() {
    try {
        engine_ = Engine::load(options_, [this](float fraction) { progress(fraction); }, abort_);
        if (*signal_ != 0) throw Error("ABORTED", "the load was aborted");
    } catch (...) {
        engine_.reset();
        error_ = current_error();
    }
}

void LoadWorker::finish(Napi::Env env) {
    bool made = false;
    or_reject(deferred_, [&] {
        if (error_) throw *error_;
        if (abort_) throw Error("ABORTED", "the load was aborted");
        const Napi::Object engine = NativeEngine::make(env, {std::move(engine_), pump_, on_events_.Value()});
        made = true;
        deferred_.Resolve(engine);
    });
    if (!made) pump_->close();
}

}  // namespace banyan
