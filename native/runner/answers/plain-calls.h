// Calls for chat templates that have no format for them: JSON objects behind a tag.
//
// Thread: any; no state.
#pragma once

#include <string>

struct common_chat_params;
struct common_chat_templates_inputs;

namespace banyan {

/**
 * The template shows tools, and the format of `params` reads no calls: gives it a list of them behind a tag. `source`:
 * the template's, which may name the tag.
 */
void add_plain_calls(common_chat_params & params, const common_chat_templates_inputs & inputs,
                     const std::string & source);

/** The template shows no tools: gives `params` Banyan's own calls, each between two tags, as src/chat/shapes writes
 * them. */
void add_own_calls(common_chat_params & params, const common_chat_templates_inputs & inputs);

}  // namespace banyan
