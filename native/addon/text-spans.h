// Spans of a text between the two sides: C++ counts bytes of UTF-8, JavaScript counts units of UTF-16.
#pragma once

#include <string>
#include <vector>

#include "addon/napi-api.h"
#include "runner/chat/chat-tokenizer.h"

namespace banyan {

/** An Int32Array of begin, end, begin, end ... in UTF-16 units. */
Napi::Int32Array spans_to_js(Napi::Env env, const std::string & text, const std::vector<TextSpan> & spans);

/** The way back. Throws Error INVALID_OPTION unless they are pairs, ascending, disjoint and inside the text. */
std::vector<TextSpan> spans_of(const Napi::Value & value, const std::string & field, const std::string & text);

}  // namespace banyan
