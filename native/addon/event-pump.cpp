#include "addon/event-pump.h"

#include <utility>

#include "addon/event-pack.h"
#include "addon/js-error.h"

namespace banyan {

namespace {

/** Runs f. When a callback of the user throws, that is an uncaught exception of theirs, not ours. */
template <typename F>
void or_report(Napi::Env env, F f) {
    try {
        f();
    } catch (const Napi::Error & e) {
        napi_fatal_exception(env, e.Value());
    } catch (...) {
        napi_fatal_exception(env, js_error(env, current_error()).Value());
    }
}

}  // namespace

std::shared_ptr<EventPump> EventPump::make(Napi::Env env) {
    std::shared_ptr<EventPump> pump(new EventPump);
    // Node keeps the pump until it has finalized the function.
    auto * kept = new std::shared_ptr<EventPump>(pump);
    const auto finalize = [](napi_env, void * data, void *) { delete static_cast<std::shared_ptr<EventPump> *>(data); };
    const auto call = [](napi_env env, napi_value, void * context, void *) {
        if (env) static_cast<EventPump *>(context)->drain(env);
    };
    const napi_status status =
        napi_create_threadsafe_function(env, nullptr, nullptr, Napi::String::New(env, "banyan"), 0, 1, kept, finalize,
                                        pump.get(), call, &pump->function_);
    if (status != napi_ok) {
        delete kept;
        throw Napi::Error::New(env);
    }
    napi_unref_threadsafe_function(env, pump->function_);
    return pump;
}

void EventPump::publish(const std::vector<Event> & events) {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const Event & event : events) {
        pack(event, bytes_);
        ended_ += event.last();
    }
    wake();
}

void EventPump::answer(Answer answer) {
    const std::lock_guard<std::mutex> lock(mutex_);
    answers_.push_back(std::move(answer));
    wake();
}

void EventPump::wake() {
    if (queued_ || !function_) return;
    queued_ = napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking) == napi_ok;
}

void EventPump::drain(Napi::Env env) {
    std::vector<uint8_t> bytes;
    std::vector<Answer> answers;
    int ended = 0;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!function_) return;
        queued_ = false;
        bytes.swap(bytes_);
        answers.swap(answers_);
        ended = std::exchange(ended_, 0);
    }
    const Napi::HandleScope scope(env);
    const auto self = shared_from_this();  // an answer may close the pump
    if (!bytes.empty() && deliver_) or_report(env, [&] { deliver_(env, bytes, ended); });
    for (const Answer & answer : answers) or_report(env, [&] { answer(env); });
}

void EventPump::hold(Napi::Env env) {
    if (held_++ == 0 && function_) napi_ref_threadsafe_function(env, function_);
}

void EventPump::unhold(Napi::Env env) {
    if (--held_ == 0 && function_) napi_unref_threadsafe_function(env, function_);
}

void EventPump::close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (function_) napi_release_threadsafe_function(function_, napi_tsfn_abort);
    function_ = nullptr;
}

void EventPump::abandon() {
    const std::lock_guard<std::mutex> lock(mutex_);
    function_ = nullptr;
}

}  // namespace banyan
