// Takes an answer apart while it is written: what is certain to be text, reasoning or a call is given out, once and for
// good. Each byte goes to exactly one of them, but for blanks and markers around recognised reasoning and calls.
//
// Owns: what is not certain yet. Changed by: push, finish. Thread: any, one at a time.
// Invariant: what is given out does not depend on how the answer was cut into pieces. The work is linear in the answer:
// an answer with too much that begins like a call and is none has no more calls.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runner/answers/answer-syntax.h"
#include "runner/answers/call-place.h"
#include "runner/answers/call-progress.h"

namespace banyan {

class AnswerParser {
  public:
    /** Without a syntax everything is text. */
    explicit AnswerParser(std::shared_ptr<const AnswerSyntax> syntax);

    /** What became certain. */
    AnswerPart push(const std::string & text);
    /** The rest, when the answer is over: a call that is not whole comes back as text. */
    AnswerPart finish();

    /**
     * How the call under way is written so far, once the model itself has named a tool in the format's own way; each
     * call is told once. Nothing while no such call is under way.
     */
    std::optional<std::string> named_call();

    /** Bytes that the parser was given so far, each time it was: what reading costs. */
    size_t work() const { return work_; }

  private:
    enum class Kind : uint8_t { none, text, reasoning };

    void advance(AnswerPart & out, bool over);
    bool at_structure(AnswerPart & out);
    bool read_before_call(const Reading & all, size_t fitting, AnswerPart & out);
    bool due(bool over) const;
    ptrdiff_t take(const Reading & reading, AnswerPart & out);
    void refuse(const Reading & reading, size_t fitting, AnswerPart & out);
    void take_rest(AnswerPart & out);
    Reading read(size_t n);
    size_t behind_calls(size_t fitting);
    ptrdiff_t commit(Kind kind, size_t end, AnswerPart & out);
    void say(Kind kind, const std::string & text, AnswerPart & out);
    void give_up(size_t from, AnswerPart & out);
    bool admits_call(const std::string & marker) const;

    std::shared_ptr<const AnswerSyntax> syntax_;  // null: no format, or the answer has left it
    // What the parser must see: markers, for each stretch given out a byte and the marker that it began with, what is
    // uncertain.
    std::string buffer_;
    size_t done_ = 0;         // of the buffer: given out
    size_t read_at_ = 0;      // size of the buffer when it was parsed last
    Kind open_ = Kind::none;  // the stretch that goes on behind done_
    Kind last_ = Kind::none;  // what was given out last
    bool marked_ = false;     // that stretch has its byte
    std::string kept_;        // the marker that it begins with: there the one before it ended
    size_t calls_ = 0;        // given out
    size_t said_ = 0, work_ = 0;
    size_t refused_ = 0;  // bytes of calls that came to nothing, each as far as it went
    size_t calls_begin_ = Reading::kNowhere;
    bool told_ = false;  // the call under way, by named_call
    bool refused_last_ = false, has_reasoning_ = false, has_content_ = false;
    std::string blanks_;  // a reasoning of blanks is none, unless more follows
    CallPlace place_;
    CallProgress progress_;
};

}  // namespace banyan
