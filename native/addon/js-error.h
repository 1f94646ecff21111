// C++ failures as JavaScript errors. Every entry point of the addon runs inside guarded() or promised(); what settles a
// promise later, inside or_reject().
#pragma once

#include <new>

#include "addon/napi-api.h"
#include "runner/error.h"

namespace banyan {

/** An Error object with `code`, and what else is known: `field`, `promptTokens` and `limit`. */
Napi::Error js_error(Napi::Env env, const Error & error);

/** The current exception as an Error. Call inside a catch block; Napi::Error passes through as it is. */
Error current_error();

/** Runs f; anything it throws becomes a JavaScript exception. */
template <typename F>
auto guarded(Napi::Env env, F f) -> decltype(f()) {
    try {
        return f();
    } catch (const Napi::Error &) {
        throw;
    } catch (...) {
        throw js_error(env, current_error());
    }
}

/** Runs f; anything it throws rejects the promise. */
template <typename F>
void or_reject(const Napi::Promise::Deferred & deferred, F f) {
    try {
        f();
    } catch (const Napi::Error & e) {
        deferred.Reject(e.Value());
    } catch (...) {
        deferred.Reject(js_error(deferred.Env(), current_error()).Value());
    }
}

/** Runs f(deferred); anything it throws rejects the promise, which is returned. */
template <typename F>
Napi::Value promised(Napi::Env env, F f) {
    const Napi::Promise::Deferred deferred = Napi::Promise::Deferred::New(env);
    or_reject(deferred, [&] { f(deferred); });
    return deferred.Promise();
}

}  // namespace banyan
