// An answer that has begun already: the last message is the assistant's, and the prompt ends with it.
//
// Owns: nothing. Thread: any.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runner/chat/chat-tokenizer.h"

struct common_chat_msg;
struct common_chat_templates_inputs;

namespace banyan {

class ChatFormat;

/** The template is to leave the last message open. Throws Error INVALID_MESSAGES where that is no text of the
 * assistant. */
void go_on_with_last(common_chat_templates_inputs & inputs);

/** What of the prompt no template wrote, with the answer's beginning, which the prompt ends with. */
std::vector<TextSpan> with_begun(std::vector<TextSpan> spans, const std::string & prompt,
                                 const common_chat_msg & begun);

/** Throws Error INVALID_MESSAGES where the beginning is none of the answer's grammar. */
std::shared_ptr<const ChatFormat> begun_format(const std::function<std::shared_ptr<const ChatFormat>()> & make);

}  // namespace banyan
