// NativeEngineOptions, NativeRequest and ChatInput of src/native/binding.ts, checked.
#pragma once

#include "addon/napi-api.h"
#include "engine/options.h"
#include "runner/chat/chat-templates.h"

namespace banyan {

// All throw Error INVALID_OPTION with the field.
EngineOptions parse_engine_options(const Napi::Value & value);
RequestOptions parse_request(const Napi::Value & value);
EmbeddingOptions parse_embedding(const Napi::Value & value);
HintOptions parse_hint(const Napi::Value & value);
ChatRequest parse_chat_input(const Napi::Value & value);

}  // namespace banyan
