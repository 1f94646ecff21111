// How one rendered chat constrains sampling and how its output is parsed.
//
// Owns: the syntax of the output and its grammar. Changed by: nothing after it is made.
// Thread: any. Made by ChatTemplates::render; kept by the JavaScript handle and by the requests that use it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/types.h"
#include "runner/answers/chat-message.h"
#include "runner/masks/blank-style.h"

struct common_chat_params;

namespace banyan {

class AnswerSyntax;
enum class AnswerKind : uint8_t;
class CallGrammar;
class CompiledGrammar;
class Model;
class ThinkingBudget;

/** What a format knows of an answer beside its parameters. */
struct AnswerTexts {
    std::string begun;    // of the answer's grammar: what is said already; '' = the generation prompt
    std::string content;  // GBNF of an answer without calls, where it may be calls or content
    BlankStyle blanks;    // of calls
};

class ChatFormat {
  public:
    /** Throws what llama.cpp throws for a parser or triggers that make no sense. */
    ChatFormat(const Model & model, const common_chat_params & params, AnswerKind kind, bool thinking,
               const AnswerTexts & texts = {});
    ~ChatFormat();
    ChatFormat(const ChatFormat &) = delete;
    ChatFormat & operator=(const ChatFormat &) = delete;

    /** Some output may be constrained. */
    bool has_grammar() const;
    /** From the first token on; null without one. */
    const CompiledGrammar * grammar() const;
    /** From the moment on that the model has begun a call; null without one. */
    const CallGrammar * call_grammar() const;
    /** How the output is read. */
    const std::shared_ptr<const AnswerSyntax> & syntax() const;
    /** Texts that end the model's turn in this format, wherever they stand. */
    const std::vector<std::string> & stops() const;
    bool has_tools() const;
    /**
     * The same answer without calls, where the grammar has both: the model chooses calls by beginning one. Null: it has
     * no such choice.
     */
    const CompiledGrammar * content_grammar() const;
    /** GBNF of the answer from its first token on, with what the prompt has said of it in front; '' = none. For engines
     * that sample elsewhere. */
    const std::string & gbnf() const;
    /** What the prompt has said of that already. */
    const std::string & begun() const;
    /** Where its calls have blanks; of an answer that has none, nothing is known. */
    const BlankStyle & blanks() const;
    /** A control token whose text the parser needs to see (<tool_call> ...). */
    bool preserved(Token token) const;

    /**
     * The bound of an answer's reasoning. `limit`: tokens, -1 = the default: none for a free answer; half of
     * what `max_tokens` leaves beside the end tag when a grammar holds from the first token, so that what it is for
     * finds room; 0 there without thinking.
     */
    std::unique_ptr<ThinkingBudget> thinking_budget(int32_t limit, int32_t max_tokens) const;

    /**
     * Splits the output so far. Total: what is neither reasoning nor a whole call comes back as content.
     * partial: the text may end anywhere, and only what is certain comes back.
     */
    ChatMessage parse(const std::string & text, bool partial) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace banyan
