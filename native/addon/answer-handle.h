// The opaque AnswerReader of binding.ts: reads an answer whose tokens another engine samples.
#pragma once

#include <memory>

#include "addon/napi-api.h"
#include "runner/decoder.h"

namespace banyan {

Napi::Object answer_handle(Napi::Env env, std::unique_ptr<Decoder> decoder);

/** What each of the tokens gave, up to the one that ends the answer. Throws Error INVALID_OPTION for what is no reader.
 */
Napi::Array read_tokens(const Napi::Value & reader, const std::vector<Token> & tokens);
/** What the end gives, and how the answer was. `reason`: of an answer that its tokens have not ended. */
Napi::Object end_answer(const Napi::Value & reader, const std::string & reason);

}  // namespace banyan
