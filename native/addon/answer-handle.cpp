#include "addon/answer-handle.h"

#include <algorithm>
#include <utility>

#include "addon/shared-handle.h"
#include "addon/to-js.h"
#include "runner/error.h"

namespace banyan {

namespace {

constexpr napi_type_tag kTag = {0x62616e79616e416eull, 0x7377657252656164ull};

struct Answer {
    std::unique_ptr<Decoder> decoder;
    mutable bool finished = false;
};

const Answer & answer_of(const Napi::Value & value) {
    const std::shared_ptr<const Answer> answer = shared_in<Answer>(value, kTag);
    if (!answer) throw Error("INVALID_OPTION", "reader must be one of openAnswer", "reader");
    return *answer;  // the caller's object holds it
}

FinishReason reason_of(const std::string & word) {
    constexpr auto & kWords = Words<FinishReason>::list;
    const auto found = std::find(kWords.begin(), kWords.end(), word);
    if (found == kWords.end()) throw Error("INVALID_OPTION", "reason must be a finish reason", "reason");
    return static_cast<FinishReason>(found - kWords.begin());
}

Napi::Object decoded_to_js(Napi::Env env, Decoded && decoded) {
    AnswerPart part;
    part.content = std::move(decoded.text);
    part.reasoning = std::move(decoded.reasoning);
    part.tool_calls = std::move(decoded.tool_calls);
    part.pieces = std::move(decoded.pieces);
    Napi::Object out = to_js(env, part);
    out.Set("token", decoded.append ? decoded.token : -1);
    out.Set("firstCall", decoded.first_call);
    return out;
}

}  // namespace

Napi::Object answer_handle(Napi::Env env, std::unique_ptr<Decoder> decoder) {
    auto answer = std::make_shared<Answer>();
    answer->decoder = std::move(decoder);
    return shared_handle<Answer>(env, std::move(answer), kTag);
}

Napi::Array read_tokens(const Napi::Value & reader, const std::vector<Token> & tokens) {
    const Answer & answer = answer_of(reader);
    Napi::Array out = Napi::Array::New(reader.Env());
    for (size_t i = 0; i < tokens.size() && !answer.finished; ++i) {
        Decoded decoded = answer.decoder->accept(tokens[i]);
        answer.finished = decoded.finished;
        Napi::Object object = decoded_to_js(reader.Env(), std::move(decoded));
        object.Set("finished", answer.finished);
        out.Set(static_cast<uint32_t>(i), object);
    }
    return out;
}

Napi::Object end_answer(const Napi::Value & reader, const std::string & reason) {
    const Answer & answer = answer_of(reader);
    const Napi::Env env = reader.Env();
    Decoder & decoder = *answer.decoder;
    Napi::Object out = Napi::Object::New(env);
    if (!answer.finished) {
        const FinishReason why = reason_of(reason);
        answer.finished = true;
        out.Set("last", decoded_to_js(env, decoder.end(why)));
    }
    const FinishReason why = decoder.reason();
    out.Set("reason", Words<FinishReason>::list[static_cast<size_t>(why)]);
    out.Set("stopText", decoder.stop_text());
    out.Set("reasoningTokens", decoder.reasoning_tokens());
    AnswerPart message;
    static_cast<ChatMessage &>(message) = decoder.message();
    out.Set("message", to_js(env, message));
    return out;
}

}  // namespace banyan
