// What is no record (record-object.h) as the JavaScript objects of src/native/binding.ts.
#pragma once

#include <vector>

#include "addon/napi-api.h"
#include "core/types.h"
#include "runner/chat/chat-templates.h"

namespace banyan {

Napi::Object to_js(Napi::Env env, const AnswerPart & part);
Napi::Object to_js(Napi::Env env, const RenderedChat & chat);
Napi::Int32Array to_js(Napi::Env env, const std::vector<Token> & tokens);

}  // namespace banyan
