// How records are made up, and the words that both halves know, as src/native/binding.ts declares them.
#pragma once

#include "addon/napi-api.h"

namespace banyan {

/** `records`: of the event buffer. */
Napi::Object record_layouts(Napi::Env env);
/** `words`: of enums, in their order. */
Napi::Object word_lists(Napi::Env env);

}  // namespace banyan
