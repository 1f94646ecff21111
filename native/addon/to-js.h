// Plain records of the engine as the JavaScript objects of src/native/binding.ts.
#pragma once

#include <string>

#include "addon/napi-api.h"
#include "engine/options.h"
#include "runner/chat-templates.h"

namespace banyan {

Napi::Object to_js(Napi::Env env, const EngineInfo & info);
Napi::Object to_js(Napi::Env env, const EngineStats & stats, double callbacks);
Napi::Object to_js(Napi::Env env, const struct MissExplanation & miss);
Napi::Object to_js(Napi::Env env, const struct ProgramReport & report);
Napi::Object to_js(Napi::Env env, const ChatMessage & message);
Napi::Object to_js(Napi::Env env, const RenderedChat & chat);
Napi::Int32Array to_js(Napi::Env env, const std::vector<Token> & tokens);

}  // namespace banyan
