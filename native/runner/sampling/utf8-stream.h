// Turns the bytes of successive tokens into whole UTF-8 characters: a character split over tokens waits for its rest.
#pragma once

#include <string>

namespace banyan {

class Utf8Stream {
  public:
    /** Appends `bytes` and returns what is complete; bytes that can never become a character come out as U+FFFD. */
    std::string push(const std::string & bytes);
    /** What still waited, as one U+FFFD, or ''. */
    std::string flush();
    /** Nothing waits. */
    bool empty() const { return waiting_.empty(); }

  private:
    std::string waiting_;  // a proper prefix of one character, at most 3 bytes
};

}  // namespace banyan
