// The opaque ChatFormat of binding.ts: a tagged object that holds the native one until it is collected.
#pragma once

#include <memory>
#include <string>

#include "addon/napi-api.h"
#include "runner/chat/chat-format.h"

namespace banyan {

Napi::Object chat_handle(Napi::Env env, std::shared_ptr<const ChatFormat> format);

/** null -> nullptr. Throws Error INVALID_OPTION for anything that renderChat did not make. */
std::shared_ptr<const ChatFormat> chat_of(const Napi::Value & value, const std::string & field);

}  // namespace banyan
