// Opaque objects for JavaScript: tagged, so that no other object passes for one, each holds a native thing until it is
// collected.
#pragma once

#include <memory>
#include <utility>

#include "addon/napi-api.h"

namespace banyan {

inline void check(Napi::Env env, napi_status status) {
    if (status != napi_ok) throw Napi::Error::New(env);
}

template <typename T>
Napi::Object shared_handle(Napi::Env env, std::shared_ptr<const T> thing, const napi_type_tag & tag) {
    using Held = std::shared_ptr<const T>;
    const Napi::Object object = Napi::Object::New(env);
    auto held = std::make_unique<Held>(std::move(thing));
    const auto release = [](napi_env, void * data, void *) { delete static_cast<Held *>(data); };
    check(env, napi_wrap(env, object, held.get(), release, nullptr, nullptr));
    held.release();
    check(env, napi_type_tag_object(env, object, &tag));
    return object;
}

/** nullptr: not an object with this tag. */
template <typename T>
std::shared_ptr<const T> shared_in(const Napi::Value & value, const napi_type_tag & tag) {
    const Napi::Env env = value.Env();
    bool ours = false;
    if (value.IsObject()) check(env, napi_check_object_type_tag(env, value, &tag, &ours));
    if (!ours) return nullptr;
    void * data = nullptr;
    check(env, napi_unwrap(env, value, &data));
    return *static_cast<std::shared_ptr<const T> *>(data);
}

}  // namespace banyan
