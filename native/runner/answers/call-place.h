// Where in a text a call can begin: a tag that is only talked about begins none.
//
// Owns: what matters of the line. Changed by: add, start. Thread: its owner's.
#pragma once

#include <cstddef>
#include <string>

namespace banyan {

class CallPlace {
  public:
    /** A new stretch of text begins. */
    void start();
    void add(const std::string & text);

    /**
     * A tag in plain letters counts at the beginning of a line, one that is a token of its own also behind other words.
     * Neither counts in a fenced block or right behind an opening quote.
     */
    bool admits(bool special) const;

  private:
    bool fenced_ = false, blank_ = true, quoted_ = false;
    size_t ticks_ = 0;  // that the line begins with
    char last_ = '\n';
};

}  // namespace banyan
