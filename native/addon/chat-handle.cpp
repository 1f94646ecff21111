#include "addon/chat-handle.h"

#include "runner/error.h"

namespace banyan {

namespace {

using Held = std::shared_ptr<const ChatFormat>;

// Says that the pointer inside is ours: no other object can carry it.
constexpr napi_type_tag kTag = {0x62616e79616e4368ull, 0x6174466f726d6174ull};

void check(Napi::Env env, napi_status status) {
    if (status != napi_ok) throw Napi::Error::New(env);
}

}  // namespace

Napi::Object chat_handle(Napi::Env env, std::shared_ptr<const ChatFormat> format) {
    const Napi::Object object = Napi::Object::New(env);
    auto held = std::make_unique<Held>(std::move(format));
    const auto release = [](napi_env, void * data, void *) { delete static_cast<Held *>(data); };
    check(env, napi_wrap(env, object, held.get(), release, nullptr, nullptr));
    held.release();
    check(env, napi_type_tag_object(env, object, &kTag));
    return object;
}

std::shared_ptr<const ChatFormat> chat_of(const Napi::Value & value, const std::string & field) {
    if (value.IsNull()) return nullptr;
    const Napi::Env env = value.Env();
    bool ours = false;
    if (value.IsObject()) check(env, napi_check_object_type_tag(env, value, &kTag, &ours));
    if (!ours) throw Error("INVALID_OPTION", field + " must be a chat format from renderChat, or null", field);
    void * data = nullptr;
    check(env, napi_unwrap(env, value, &data));
    return *static_cast<Held *>(data);
}

}  // namespace banyan
