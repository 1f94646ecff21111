// The grammar of an answer that must be a call, or have a given content: what a chat format's own parser reads, without
// prose around it. Reasoning stays where the format has it, up to the tag that ends it.
//
// Owns: nothing. Thread: any; no state.
#pragma once

#include <string>

struct common_chat_params;
class common_json;

namespace banyan {

/**
 * GBNF for an answer that is a call of one of `tools` (OpenAI's form), or of several where `parallel`: arguments that
 * their schemas admit. '' when the format has no calls. `thinking` false: no reasoning but what the prompt has begun.
 * Throws what llama.cpp throws for a schema.
 */
std::string forced_calls(const common_chat_params & params, const common_json & tools, bool parallel, bool thinking);

/** GBNF for an answer that is calls of `tools` or a content of the schema. */
std::string calls_or_schema(const common_chat_params & params, const common_json & tools,
                            const std::string & json_schema, bool parallel, bool thinking);

/** GBNF for an answer whose content is JSON of a schema, or follows `gbnf` (its root), which is right already. */
std::string content_of_schema(const common_chat_params & params, const std::string & json_schema, bool thinking);
std::string content_of_grammar(const common_chat_params & params, const std::string & gbnf, bool thinking);

/** GBNF of a content that has begun: nothing of its format stands before it, and nothing follows it. */
std::string bare_content(const std::string & json_schema);

}  // namespace banyan
