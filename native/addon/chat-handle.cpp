#include "addon/chat-handle.h"

#include <utility>

#include "addon/shared-handle.h"
#include "runner/error.h"

namespace banyan {

namespace {

constexpr napi_type_tag kTag = {0x62616e79616e4368ull, 0x6174466f726d6174ull};

}  // namespace

Napi::Object chat_handle(Napi::Env env, std::shared_ptr<const ChatFormat> format) {
    return shared_handle(env, std::move(format), kTag);
}

std::shared_ptr<const ChatFormat> chat_of(const Napi::Value & value, const std::string & field) {
    if (value.IsNull()) return nullptr;
    std::shared_ptr<const ChatFormat> format = shared_in<ChatFormat>(value, kTag);
    if (!format) throw Error("INVALID_OPTION", field + " must be a chat format from renderChat, or null", field);
    return format;
}

}  // namespace banyan
