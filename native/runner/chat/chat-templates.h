// The model's chat template (or the caller's): messages and tools in OpenAI's form -> prompt, tokens, ChatFormat.
//
// Owns: the parsed template, the latest formats. Changed by: nothing that shows. Thread: any; renders take turns (they
// ask std::localtime for the date).
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runner/chat/chat-format.h"
#include "runner/chat/chat-tokenizer.h"
#include "runner/chat/tool-format.h"
#include "runner/lru-cache.h"

struct common_chat_templates;

namespace banyan {

struct ChatRequest {
    std::string messages, tools;  // JSON arrays
    std::string tool_choice = "auto";
    bool parallel_tool_calls = true;
    bool add_generation_prompt = true;
    bool enable_thinking = true;
    bool continue_answer = false;      // the last message is the assistant's, and what is asked for goes on with it
    std::string json_schema, grammar;  // of the answer's content; '' = none, at most one
    int32_t max_context = 0;           // a prompt that cannot have fewer tokens is not tokenized; 0 = any is
    std::map<std::string, std::string> template_args;  // values as JSON text
};

struct RenderedChat {
    std::string prompt;
    std::vector<TextSpan> literal;  // where the prompt spells out special tokens that are none (ChatTokenizer)
    std::vector<Token> tokens;
    std::shared_ptr<const ChatFormat> format;
};

class ChatTemplates {
  public:
    /** `source` '' = the model's own. Throws Error INVALID_TEMPLATE for a source that does not parse. */
    ChatTemplates(std::shared_ptr<const Model> model, const std::string & source,
                  ToolFormatChoice choice = ToolFormatChoice::automatic);
    ~ChatTemplates();

    /** The caller or the model brought a template (without one, render falls back to ChatML). */
    bool has_template() const { return has_template_; }
    /** With `own` no template sees tools: they are in the messages, and the answer is read for calls in Banyan's
     * format. */
    ToolFormat tool_format() const { return tool_format_; }
    /** Two calls of one turn are shown. Where not, the grammar admits one call a turn, whatever a request says. */
    bool supports_parallel_calls() const { return supports_parallel_; }
    /** It shows a system message in the midst of a conversation, and there. */
    bool supports_late_system() const { return supports_late_system_; }

    /**
     * Throws Error INVALID_TOOLS, INVALID_SCHEMA, INVALID_GRAMMAR, INVALID_TEMPLATE, PROMPT_TOO_LONG, and
     * INVALID_MESSAGES with the template's own words when it refuses the messages.
     */
    RenderedChat render(const ChatRequest & request) const;

    const ChatTokenizer & tokenizer() const { return tokenizer_; }

  private:
    std::shared_ptr<const Model> model_;
    ChatTokenizer tokenizer_;
    std::unique_ptr<common_chat_templates, void (*)(common_chat_templates *)> templates_;
    std::string broken_;  // why the model's own template does not parse: rendering fails, plain prompts still work
    bool has_template_ = false, supports_parallel_ = false, supports_late_system_ = false;
    ToolFormat tool_format_ = ToolFormat::none;
    BlankStyle call_style_;
    mutable std::mutex rendering_;
    mutable LruCache<const ChatFormat> formats_{32};  // by everything that is no message
};

}  // namespace banyan
