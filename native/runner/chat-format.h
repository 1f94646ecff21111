// How one rendered chat constrains sampling and how its output is parsed.
//
// Owns: the parser of the output and the grammar with its triggers. Changed by: nothing after it is made.
// Thread: any. Made by ChatTemplates::render; kept by the JavaScript handle and by the requests that use it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/types.h"

struct common_chat_params;
struct common_params_sampling;

namespace banyan {

class CompiledGrammar;
class Model;

struct ToolCall {
    std::string id;  // as the model wrote it, '' = none
    std::string name;
    std::string arguments;  // JSON text as the model wrote it
};

/** An answer taken apart. */
struct ChatMessage {
    std::string content, reasoning;
    std::vector<ToolCall> tool_calls;
};

class ChatFormat {
  public:
    /** Throws what llama.cpp throws for a parser or triggers that make no sense. */
    ChatFormat(const Model & model, const common_chat_params & params, bool has_tools);
    ~ChatFormat();
    ChatFormat(const ChatFormat &) = delete;
    ChatFormat & operator=(const ChatFormat &) = delete;

    bool has_grammar() const;
    /** Null without one. */
    const CompiledGrammar * grammar() const;
    bool has_tools() const;
    /** A control token whose text the parser needs to see (<tool_call> ...). */
    bool preserved(Token token) const;

    /** Says how the grammar begins, and sets the reasoning block's bounds. */
    void constrain(common_params_sampling & params) const;

    /**
     * Splits the output so far. Total: text that does not fit the format, or nests brackets deeper than 256, comes back
     * as content.
     * partial: the text may end anywhere; the last tool call may be incomplete.
     */
    ChatMessage parse(const std::string & text, bool partial) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace banyan
