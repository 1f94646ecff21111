// How a chat format writes its reasoning, and what of it the generation prompt has said already.
//
// Thread: any; no state.
#pragma once

#include <string>

struct common_chat_params;

namespace banyan {

/** `end` '' = the format has no reasoning. */
struct ReasoningTags {
    std::string start, end;
    bool opened = false;  // by the prompt, and not closed there
};

ReasoningTags reasoning_tags(const common_chat_params & params);

/** The generation prompt as the parser reads it: blanks behind closed reasoning are no part of the answer. */
std::string prompt_to_read(const common_chat_params & params);

/** Without the blanks at both ends. */
std::string trimmed(const std::string & text);

}  // namespace banyan
