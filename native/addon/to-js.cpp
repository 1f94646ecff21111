#include "addon/to-js.h"

#include <algorithm>

#include "addon/chat-handle.h"
#include "addon/text-spans.h"

namespace banyan {

Napi::Object to_js(Napi::Env env, const ChatMessage & message) {
    Napi::Array calls = Napi::Array::New(env, message.tool_calls.size());
    for (size_t i = 0; i < message.tool_calls.size(); ++i) {
        const ToolCall & call = message.tool_calls[i];
        Napi::Object object = Napi::Object::New(env);
        object.Set("id", call.id);
        object.Set("name", call.name);
        object.Set("arguments", call.arguments);
        calls.Set(static_cast<uint32_t>(i), object);
    }
    Napi::Object out = Napi::Object::New(env);
    out.Set("content", message.content);
    out.Set("reasoning", message.reasoning);
    out.Set("toolCalls", calls);
    return out;
}

Napi::Object to_js(Napi::Env env, const RenderedChat & chat) {
    Napi::Object out = Napi::Object::New(env);
    out.Set("prompt", chat.prompt);
    out.Set("literal", spans_to_js(env, chat.prompt, chat.literal));
    out.Set("tokens", to_js(env, chat.tokens));
    out.Set("format", chat_handle(env, chat.format));
    return out;
}

Napi::Int32Array to_js(Napi::Env env, const std::vector<Token> & tokens) {
    Napi::Int32Array out = Napi::Int32Array::New(env, tokens.size());
    std::copy(tokens.begin(), tokens.end(), out.Data());
    return out;
}

}  // namespace banyan
