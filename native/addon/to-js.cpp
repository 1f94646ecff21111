#include "addon/to-js.h"

#include <algorithm>

#include "addon/chat-handle.h"
#include "addon/text-spans.h"

namespace banyan {

namespace {

Napi::Object call_to_js(Napi::Env env, const std::string & id, const std::string & name,
                        const std::string & arguments) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("id", id);
    object.Set("name", name);
    object.Set("arguments", arguments);
    return object;
}

}  // namespace

Napi::Object to_js(Napi::Env env, const AnswerPart & part) {
    Napi::Array calls = Napi::Array::New(env, part.tool_calls.size());
    for (size_t i = 0; i < part.tool_calls.size(); ++i) {
        const ToolCall & call = part.tool_calls[i];
        calls.Set(static_cast<uint32_t>(i), call_to_js(env, call.id, call.name, call.arguments));
    }
    Napi::Array pieces = Napi::Array::New(env, part.pieces.size());
    for (size_t i = 0; i < part.pieces.size(); ++i) {
        const CallPiece & piece = part.pieces[i];
        Napi::Object object = call_to_js(env, piece.id, piece.name, piece.arguments);
        object.Set("type", Words<CallStage>::list[static_cast<size_t>(piece.stage)]);
        object.Set("index", piece.index);
        pieces.Set(static_cast<uint32_t>(i), object);
    }
    Napi::Object out = Napi::Object::New(env);
    out.Set("content", part.content);
    out.Set("reasoning", part.reasoning);
    out.Set("toolCalls", calls);
    out.Set("pieces", pieces);
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
