// Where an answer puts blanks between the marks of JSON: as it did before, or else as its template writes calls.
//
// Owns: the blanks after each mark, as far as they are known. Changed by: read. Thread: one at a time. Invariant: marks
// within a text in quotes are none.
#pragma once

#include <optional>
#include <string>

namespace banyan {

class BlankStyle {
  public:
    /** The next bytes of the answer, or of a text that is written in the same way. */
    void read(const std::string & text);
    /** What stands before `mark` here, without the blanks that are there already; guess: also where it is not known. */
    std::optional<std::string> before(char mark, bool guess) const;

  private:
    /** Gaps: after a colon, after a comma, inside brackets, before a colon, before a comma, around other texts. */
    enum Gap { colon, comma, opening, closing, before_colon, before_comma, other, kGaps };
    static Gap gap(char left, char right);

    std::optional<std::string> known_[kGaps];
    char last_ = 0;       // the last character that is no blank; 0: none
    std::string blanks_;  // behind it
    bool quoted_ = false, escaped_ = false;
};

}  // namespace banyan
