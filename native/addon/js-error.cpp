#include "addon/js-error.h"

namespace banyan {

Napi::Error js_error(Napi::Env env, const Error & error) {
    Napi::Error out = Napi::Error::New(env, error.what());
    out.Set("code", Napi::String::New(env, error.code));
    if (!error.field.empty()) out.Set("field", Napi::String::New(env, error.field));
    if (error.prompt_tokens > 0) {
        out.Set("promptTokens", Napi::Number::New(env, static_cast<double>(error.prompt_tokens)));
        out.Set("limit", Napi::Number::New(env, error.limit));
    }
    return out;
}

Error current_error() {
    try {
        throw;
    } catch (const Error & e) {
        return e;
    } catch (const std::bad_alloc &) {
        return {"OUT_OF_MEMORY", "out of memory"};
    } catch (const std::exception & e) {
        return {"INTERNAL", e.what()};
    } catch (...) {
        return {"INTERNAL", "unknown failure"};
    }
}

}  // namespace banyan
