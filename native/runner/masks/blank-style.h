// Where an answer puts blanks between the marks of JSON: as it did before, or else as its template writes calls.
//
// Owns: the blanks after each mark, as far as they are known. Changed by: read, learn. Thread: one at a time.
// Invariant: marks within a text in quotes, and outside of brackets, are none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace banyan {

class BlankStyle {
  public:
    /** The next bytes of the answer. */
    void read(const std::string & text);
    /** A text of another one, which is written in the same way: what it does not always do alike is not known. */
    void learn(const std::string & text);
    /** What stands before `mark` here, without the blanks that are there already; guess: also where it is not known. */
    std::optional<std::string> before(char mark, bool guess) const;

  private:
    /** Gaps: after a colon, after a comma, inside brackets, before a colon, before a comma, around other texts. */
    enum Gap { colon, comma, opening, closing, before_colon, before_comma, other, kGaps };
    static Gap gap(char left, char right);
    template <typename Note>
    void scan(const std::string & text, Note note);

    std::optional<std::string> known_[kGaps];
    char last_ = 0;       // the last character that is no blank; 0: none
    std::string blanks_;  // behind it
    int32_t open_ = 0;    // brackets
    bool quoted_ = false, escaped_ = false;
};

}  // namespace banyan
