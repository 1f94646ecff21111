// How a chat format writes its answers: reasoning, text, calls, and the markers between them. llama.cpp's parser reads;
// here is what it found in the bytes, and where text can end.
//
// Owns: the parser. Changed by: nothing after it is made. Thread: any.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runner/answers/chat-message.h"

struct common_chat_params;

namespace banyan {

class Model;

/**
 * What an answer may be. calls_or_content: either calls, or a content that a grammar holds from its first character on;
 * then no call follows it.
 */
enum class AnswerKind : uint8_t { content, text_and_calls, calls, calls_or_content };

/** Bytes [begin, end) of an answer that are reasoning or text. */
struct Stretch {
    bool reasoning;
    size_t begin, end;
    bool open;  // what comes next may belong to it
};

struct Reading {
    static constexpr size_t kNowhere = static_cast<size_t>(-1);
    /** An answer of the format, or the beginning of one. When false, the rest says nothing. */
    bool fits = false;
    bool complete = false;           // nothing has to follow
    std::vector<Stretch> stretches;  // ascending
    std::vector<ToolCall> calls;     // the last may be unfinished
    size_t calls_begin = kNowhere;
    size_t args_begin = kNowhere;  // of the last call, where they stand in the text as they are in the call: as JSON
    bool late_id = false;          // the format writes a call's id behind its arguments
    bool unsure = false;           // more text may change what is said of the last call, not only add to it
};

/** The first text in [from, ...) that ends a stretch; npos: none. */
struct Marker {
    size_t at = std::string::npos;
    const std::string * text = nullptr;
};

class AnswerSyntax {
  public:
    AnswerSyntax(const Model & model, const common_chat_params & params, AnswerKind kind);
    ~AnswerSyntax();
    AnswerSyntax(const AnswerSyntax &) = delete;
    AnswerSyntax & operator=(const AnswerSyntax &) = delete;

    /** Total: a text that nests brackets deeper than 256 fits nothing. */
    Reading read(const std::string & text) const;

    /** Stretches are any text up to a marker, so what was read of one can be forgotten. */
    bool plain() const;
    Marker next_marker(const std::string & text, size_t from) const;
    /** The longest that stands at `at`; '' where none does. */
    std::string marker_at(const std::string & text, size_t at) const;
    /** How many of the last bytes, of those from `from` on, may be the beginning of a marker. */
    size_t held(const std::string & text, size_t from) const;
    AnswerKind kind() const;
    /** Begins calls, and the model is free to make none. */
    bool may_call(const std::string & marker) const;
    /** One token of this vocabulary that is no ordinary word. */
    bool is_special(const std::string & marker) const;
    /** The length of a marker at `from` that closes a text or reasoning, with the blanks behind it; 0: none is there.
     */
    size_t closer(const std::string & text, size_t from) const;
    /** Nothing but markers and blanks. */
    bool only_markers(const std::string & text) const;
    /** Behind a call: the rest of its own markers, the last of them perhaps cut, and no beginning of another call. */
    bool only_ends_call(const std::string & text) const;
    /** Names a tool of the request and goes on behind the name. */
    bool names_tool(const std::string & call) const;

  private:
    size_t markers(const std::string & text) const;

    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace banyan
