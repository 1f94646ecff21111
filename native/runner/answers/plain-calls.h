// Calls for a chat template that shows tools, and no call: a list of JSON objects behind a tag.
//
// Thread: any; no state.
#pragma once

#include <string>

struct common_chat_params;
struct common_chat_templates_inputs;

namespace banyan {

/** The format of `params` reads no calls: gives it some. `source`: the template's, which may name the tag. */
void add_plain_calls(common_chat_params & params, const common_chat_templates_inputs & inputs,
                     const std::string & source);

}  // namespace banyan
