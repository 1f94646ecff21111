// Where a chat template puts blanks in the JSON of a call, learnt from what it prints.
//
// Owns: nothing. Thread: any; no state.
#pragma once

#include "runner/masks/blank-style.h"

struct common_chat_templates;

namespace banyan {

/**
 * Learnt from a turn of two calls, or else of one. Nothing is known of a template that fails, prints none, or none as
 * JSON.
 */
BlankStyle call_style(const common_chat_templates * templates);

/** That of calls in Banyan's own format, as src/chat/shapes writes them. */
BlankStyle own_call_style();

}  // namespace banyan
